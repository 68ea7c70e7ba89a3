import { expect } from 'chai';
import { isInPart, mountPoints } from '../../../ts/images/host-parts.ts';

describe('the parts of the host', () => {
  it('are told apart by the mount points of the table, whatever their names hold', () => {
    const table = [
      '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw',
      '31 22 0:26 / /boot/efi rw shared:9 - vfat /dev/vda1 rw',
      '32 22 0:27 / /mnt/a\\040b\\134c rw - tmpfs none rw',
      '',
    ].join('\n');
    expect(mountPoints(table)).to.deep.equal(['/', '/boot/efi', '/mnt/a b\\c']);
  });

  it('have what lies in a union of one of them', () => {
    const parts = { root: '/r', targets: [{ target: '/etc', mode: 0o755 }], bound: ['/var'] };
    expect(['/etc', '/etc/ssl', '/etcetera', '/var/lib'].map((path) => isInPart(path, parts))).to.deep.equal([
      ...[true, true],
      ...[false, false],
    ]);
  });
});
