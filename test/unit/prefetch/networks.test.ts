import { expect } from 'chai';
import type { Native, NativePrepared } from '../../../ts/native/contract.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { prefetchedNetworkPlan, prefetchNetworks } from '../../../ts/prefetch/networks.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { until } from '../../support/temporary.ts';

/** An addon that makes network namespaces, with descriptors from 100 on, until it refuses. */
function networks(refuses: () => boolean = () => false) {
  let asked = 0;
  const prepared: Uint8Array[] = [];
  const closed: number[] = [];
  const native: Native = fakeNative({
    features: () => 0xff,
    prepare: (plan) => {
      prepared.push(plan);
      return {} as NativePrepared;
    },
    makeNetwork: async () => {
      const number = 100 + asked++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (refuses()) throw new Error('EPERM');
      return number;
    },
    closeSync: (descriptor) => void closed.push(descriptor),
  });
  return { networks: prefetchNetworks(native), asked: () => asked, prepared, closed };
}

/** Takes one, as the first start does, and another, as one does with which more may follow. */
async function filled(made: ReturnType<typeof networks>): Promise<void> {
  made.networks.tryTake();
  made.networks.tryTake();
  await until('two that lie ready', () => made.networks.ready === 2);
}

describe('prefetched network namespaces', () => {
  it('are none for the first start of a program', async () => {
    const { networks: all, asked } = networks();
    expect(all.tryTake()).to.equal(null);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([all.ready, asked()]).to.deep.equal([0, 0]);
  });

  it('are two from the second start on, made again as they are taken, each given once', async () => {
    const made = networks();
    await filled(made);
    const { networks: all, asked, prepared } = made;
    expect(asked()).to.equal(2);
    expect([all.tryTake(), all.tryTake(), all.tryTake()]).to.deep.equal([100, 101, null]);
    await until('two that lie ready', () => all.ready === 2);
    expect([all.tryTake(), all.tryTake()]).to.deep.equal([102, 103]);
    expect(prepared).to.have.length(1);
  });

  it('are made by the plan that is shown, with a loopback and what is set for every network', async () => {
    const made = networks();
    await filled(made);
    const [bytes] = made.prepared;
    const decoded = decodePlan(bytes ?? new Uint8Array());
    const shown = prefetchedNetworkPlan();
    const named = (ops: readonly { readonly op: string }[]) => ops.map(({ op }) => op);
    expect(named([...shown.prepare, ...shown.enter])).to.include.members(['loopback', 'sysctl']);
    expect(named(decoded.enter)).to.deep.equal(named(shown.enter));
    expect(named(decoded.prepare)).to.deep.equal(named(shown.prepare));
  });

  it('are none where the kernel refuses, which is not tried again: each start makes its own', async () => {
    const { networks: all, asked } = networks(() => true);
    all.tryTake();
    for (let start = 0; start < 3; start++) {
      expect(all.tryTake()).to.equal(null);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(asked()).to.equal(1);
  });

  it('are closed with the store, and there are none for the first start after it', async () => {
    const made = networks();
    await filled(made);
    await made.networks.reset();
    expect(made.closed).to.deep.equal([100, 101]);
    expect(made.networks.tryTake()).to.equal(null);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(made.asked()).to.equal(2);
  });

  it('are closed also where they were being made while the store was closed', async () => {
    const made = networks();
    made.networks.tryTake();
    made.networks.tryTake();
    await until('one that is being made', () => made.asked() === 1);
    await made.networks.reset();
    expect(made.closed).to.deep.equal([100]);
    expect([made.networks.ready, made.asked()]).to.deep.equal([0, 1]);
  });
});
