import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { features } from '../../ts/launch/features.ts';
import { loadNative } from '../../ts/native/binding.ts';
import { defaultSysctls } from '../../ts/plan/defaults.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { networkPlan } from '../../ts/plan/network.ts';
import { requires } from '../support/require.ts';
import { plainPlan } from '../support/starts.ts';

describe('a network namespace that is made meanwhile', () => {
  requires('addon', 'root');
  const begin = (plan: Uint8Array) => loadNative().beginNetwork(plan, features(loadNative()));
  const network = () => encodePlan(networkPlan(defaultSysctls('none')));

  it('is another than the program’s, and given once', () => {
    const wait = begin(network());
    const descriptor = wait();
    try {
      expect(readlinkSync(`/proc/self/fd/${descriptor}`))
        .to.match(/^net:\[\d+\]$/)
        .and.not.equal(readlinkSync('/proc/self/ns/net'));
      expect(wait).to.throw(/EBADF/);
    } finally {
      loadNative().closeSync(descriptor);
    }
  });

  it('is refused where the plan would do anything else', () => {
    expect(begin(encodePlan(plainPlan({ argv: ['/bin/true'] })))).to.throw(/EINVAL/);
    expect(() => begin(new Uint8Array(10))).to.throw(TypeError);
  });
});
