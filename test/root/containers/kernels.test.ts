import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

/** Bits of `native/init/run.h` that kernels of long support have. */
const kernels = [
  ['5.10', 0b010_0101],
  ['5.15, 6.1 and 6.6', 0b010_1111],
  ['6.12', 0b011_1111],
] as const;

describe('a runtime with the system calls of an older kernel', function () {
  this.timeout(300_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const before = process.env.ORLOP_FEATURES;
  let orlop: OrlopRuntime | undefined;

  afterEach(async () => {
    await orlop?.close();
    orlop = undefined;
    if (before === undefined) delete process.env.ORLOP_FEATURES;
    else process.env.ORLOP_FEATURES = before;
  });

  for (const [name, features] of kernels) {
    it(`starts containers as on Linux ${name}, the first one as all others`, async () => {
      process.env.ORLOP_FEATURES = String(features);
      const { directory, root, run } = fixture();
      const volume = join(directory, `volume-${features}`);
      mkdirSync(volume);
      orlop = await Orlop.open({ root, run });
      const options = { volumes: [`${volume}:/v`] };
      for (const word of ['one', 'two', 'three', 'four']) {
        const { stdout } = await orlop.run('busybox', ['sh', '-c', `echo ${word} | tee /v/${word}`], options);
        expect(stdout).to.equal(`${word}\n`);
        expect(readFileSync(join(volume, word), 'utf8')).to.equal(`${word}\n`);
      }
    });

    it(`has pools as on Linux ${name}`, async () => {
      process.env.ORLOP_FEATURES = String(features);
      const { directory, root, run } = fixture();
      const file = join(directory, `file-${features}`);
      writeFileSync(file, 'of the host');
      orlop = await Orlop.open({ root, run });
      await using pool = await orlop.pool('busybox', { size: 1 });
      for (let request = 0; request < 3; request++) {
        const { stdout } = await pool.run(['cat', '/v'], { volumes: [`${file}:/v:ro`] });
        expect(stdout).to.equal('of the host');
      }
    });
  }
});
