import { expect } from 'chai';
import { SpareNetworks } from '../../../ts/containers/spare-networks.ts';
import { fakeNative } from '../../support/fake-native.ts';

/** An addon that makes network namespaces, with descriptors from 100 on. */
function networks(refuses = false) {
  let asked = 0;
  const closed: number[] = [];
  const native = fakeNative({
    features: () => 0xff,
    beginNetwork: () => {
      const number = 100 + asked++;
      return () => {
        if (refuses) throw new Error('EPERM');
        return number;
      };
    },
    closeSync: (descriptor) => void closed.push(descriptor),
  });
  return { spare: new SpareNetworks(native), asked: () => asked, closed };
}

describe('network namespaces made ahead', () => {
  it('are none for the first start of a program', () => {
    const { spare, asked } = networks();
    expect(spare.take()).to.equal(null);
    expect(asked()).to.equal(0);
  });

  it('are one where a start is foreseen, and that start’s only', () => {
    const { spare, asked } = networks();
    spare.foresee();
    spare.foresee();
    expect([spare.take(), spare.take(), asked()]).to.deep.equal([100, null, 1]);
  });

  it('are none where the kernel refuses: the start makes its own', () => {
    const { spare } = networks(true);
    spare.foresee();
    expect(spare.take()).to.equal(null);
  });

  it('are closed where no start has come', async () => {
    const { spare, closed } = networks();
    spare.foresee();
    await spare.close();
    expect(closed).to.deep.equal([100]);
  });
});
