import { mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { requires } from '../../support/require.ts';
import { runDirectory } from '../../support/run-directory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('a store that cannot be opened', () => {
  requires('addon');
  const directory = temporaryDirectory();

  it('is not held open', async () => {
    const root = join(directory(), 'root');
    // Nothing can be written there, which is found out last.
    mkdirSync(join(root, 'boot.json'), { recursive: true, mode: 0o700 });
    const run = runDirectory(root);
    try {
      expect(await Orlop.open({ root }).catch(errorCode)).to.equal('EISDIR');
      expect(readdirSync(run)).to.include('locks');
      expect(openBelow(run)).to.deep.equal([]);
    } finally {
      rmSync(run, { recursive: true, force: true });
    }
  });
});

/** Files below a directory that this process has open. */
function openBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${number}`);
      return file.startsWith(`${directory}/`) ? [file] : [];
    } catch {
      return [];
    }
  });
}
