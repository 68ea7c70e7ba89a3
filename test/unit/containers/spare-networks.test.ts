import { expect } from 'chai';
import { SpareNetworks } from '../../../ts/containers/spare-networks.ts';
import { fakeNative } from '../../support/fake-native.ts';

/** An addon that makes network namespaces when it is told to, with descriptors from 100 on. */
function networks(refuses = false) {
  let asked = 0;
  const closed: number[] = [];
  const waiting: (() => void)[] = [];
  const native = fakeNative({
    features: () => 0xff,
    makeNetwork: (_plan, _features) => {
      const number = 100 + asked++;
      return new Promise((resolve, reject) => {
        waiting.push(() => (refuses ? reject(new Error('EPERM')) : resolve(number)));
      });
    },
    closeSync: (descriptor) => void closed.push(descriptor),
  });
  return { spare: new SpareNetworks(native), asked: () => asked, closed, made: () => waiting.shift()?.() };
}

describe('network namespaces made ahead', () => {
  it('are none for the first start of a program', async () => {
    const { spare, asked } = networks();
    expect(await spare.take()).to.equal(null);
    expect(asked()).to.equal(0);
  });

  it('are one where a start is foreseen, which waits until it is there', async () => {
    const { spare, asked, made } = networks();
    spare.foresee();
    let taken: number | null | undefined;
    const taking = spare.take().then((network) => {
      taken = network;
    });
    await Promise.resolve();
    expect(taken).to.equal(undefined);
    made();
    await taking;
    expect({ taken, asked: asked() }).to.deep.equal({ taken: 100, asked: 1 });
  });

  it('are none where the kernel refuses: the start makes its own', async () => {
    const { spare, made } = networks(true);
    spare.foresee();
    const taking = spare.take();
    made();
    expect(await taking).to.equal(null);
  });

  it('are closed where no start has come', async () => {
    const { spare, closed, made } = networks();
    spare.foresee();
    const closing = spare.close();
    made();
    await closing;
    expect(closed).to.deep.equal([100]);
  });
});
