import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { withDirectory } from '../../support/trees.ts';

describe('spreadSubdirectories', () => {
  requires('addon');
  const temporary = temporaryDirectory();

  const spread = (path: string) => withDirectory(path, async (fd) => loadNative().spreadSubdirectories(fd));
  const attributes = (path: string) => execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0];

  describe('on ext4', () => {
    requires('temporary-ext4');

    it('sets the attribute T of a directory, and leaves the others as they are', async () => {
      const path = join(temporary(), 'top');
      mkdirSync(path);
      execFileSync('chattr', ['+A', path]);
      const before = attributes(path);
      expect(before).to.contain('A').and.not.contain('T');
      expect(await spread(path)).to.equal(true);
      expect(attributes(path)).to.contain('A').and.contain('T');
    });
  });

  it('says where the file system knows of no such thing', async () => {
    const path = mkdtempSync('/dev/shm/orlop-spread-');
    expect(await spread(path)).to.equal(false);
    rmdirSync(path);
  });
});
