import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { NativePrepared } from '../../ts/native/contract.ts';
import { defaultSysctls } from '../../ts/plan/defaults.ts';
import { networkPlan } from '../../ts/plan/network.ts';
import { prepare } from '../support/launch.ts';
import { requires } from '../support/require.ts';
import { plainPlan } from '../support/starts.ts';

describe('a prefetched network namespace', () => {
  requires('addon', 'root');
  const native = loadNative;
  const make = (prepared: NativePrepared) => native().makeNetwork(prepared, { values: [] });

  it('is another than the program’s, and another each time', async () => {
    const prepared = prepare(native(), networkPlan(defaultSysctls('none')));
    const made = [await make(prepared), await make(prepared)];
    try {
      const names = made.map((descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`));
      for (const name of names) expect(name).to.match(/^net:\[\d+\]$/);
      expect(new Set([...names, readlinkSync('/proc/self/ns/net')]).size).to.equal(3);
    } finally {
      for (const descriptor of made) native().closeSync(descriptor);
    }
  });

  it('is refused where the plan would do anything else', async () => {
    const other = prepare(native(), plainPlan({ argv: ['/bin/true'] }));
    expect(await make(other).catch((error: unknown) => error)).to.include({ code: 'EINVAL' });
    expect(await make({} as NativePrepared).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
  });
});
