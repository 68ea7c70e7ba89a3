import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isInPart, mountPoints } from '../../../ts/images/host-parts.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the parts of the host', () => {
  const temporary = temporaryDirectory();

  it('are told apart by the mount points of the table, whatever their names hold', () => {
    const table = [
      '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw',
      '31 22 0:26 / /boot/efi rw shared:9 - vfat /dev/vda1 rw',
      '32 22 0:27 / /mnt/a\\040b\\134c rw - tmpfs none rw',
      '',
    ].join('\n');
    expect(mountPoints(table)).to.deep.equal([
      { path: '/', type: 'ext4' },
      { path: '/boot/efi', type: 'vfat' },
      { path: '/mnt/a b\\c', type: 'tmpfs' },
    ]);
  });

  it('have what lies in one of them, behind links too', async () => {
    const directory = temporary();
    mkdirSync(join(directory, 'shown/inner'), { recursive: true });
    mkdirSync(join(directory, 'showndown'));
    symlinkSync('shown/inner', join(directory, 'link'));
    const parts = { root: '/r', targets: [{ target: join(directory, 'shown'), mode: 0o755 }], holders: [], bound: [] };
    const paths = ['shown', 'shown/inner', 'showndown', 'link'].map((name) => join(directory, name));
    const inParts = await Promise.all(paths.map((path) => isInPart(path, parts)));
    expect(inParts).to.deep.equal([true, true, false, true]);
  });
});
