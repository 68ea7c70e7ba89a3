import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { Store } from '../../../ts/store/store.ts';
import { prepareVolumes, type VolumeNeed } from '../../../ts/volumes/prepare.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('copy-up of an image into a new volume', () => {
  requires('privilege', 'addon', 'overlay', 'setfattr');
  const directory = temporaryDirectory();
  const lower = (...path: string[]): string => join(directory(), 'lower', ...path);
  const upper = (...path: string[]): string => join(directory(), 'upper', ...path);

  async function fill(changes: Partial<VolumeNeed>): Promise<string> {
    const native = loadNative();
    const store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    const containers = new ContainerStore(store);
    const view = await native.openView([upper(), lower()], 'trusted');
    try {
      const need = { name: 'v', anonymous: false, target: '/data', nocopy: false, ...changes };
      await prepareVolumes(store, containers.volumes, async () => (await containers.uses()).volumes, [need], {
        container: 'c',
        view: async () => view,
        owner: { uid: 1234, gid: 1235 },
        durable: true,
      });
    } finally {
      closeSync(view);
    }
    return store.volumeData('v');
  }

  beforeEach(async () => {
    await mkdir(lower('data/sub'), { recursive: true });
    await mkdir(upper('data'), { recursive: true });
  });

  it('keeps owner, mode, times, extended attributes, symlinks and hard links, from all layers', async () => {
    await writeFile(lower('data/sub/a'), 'lower');
    await writeFile(upper('data/b'), 'upper');
    await link(upper('data/b'), upper('data/c'));
    await symlink('/etc/passwd', upper('data/link'));
    await chown(upper('data/b'), 1, 2);
    await chmod(upper('data/b'), 0o4751);
    execFileSync('setfattr', ['-n', 'user.colour', '-v', 'blue', upper('data/b')]);
    await utimes(upper('data/b'), 1000, 2000);
    await chown(upper('data'), 70, 71);
    await chmod(upper('data'), 0o1770);
    const data = await fill({});
    expect(await readdir(data, { recursive: true })).to.have.members(['b', 'c', 'link', 'sub', 'sub/a']);
    expect(await readFile(join(data, 'sub/a'), 'utf8')).to.equal('lower');
    const { uid, gid, mode, mtimeMs, nlink, ino } = await lstat(join(data, 'b'));
    expect({ uid, gid, mode: mode & 0o7777, mtimeMs, nlink }).to.deep.equal({
      uid: 1,
      gid: 2,
      mode: 0o4751,
      mtimeMs: 2_000_000,
      nlink: 2,
    });
    expect((await lstat(join(data, 'c'))).ino).to.equal(ino);
    expect(await readlink(join(data, 'link'))).to.equal('/etc/passwd');
    const attribute = execFileSync('getfattr', [
      '--absolute-names',
      '--only-values',
      '-n',
      'user.colour',
      join(data, 'b'),
    ]);
    expect(attribute.toString()).to.equal('blue');
    const top = await lstat(data);
    expect([top.uid, top.gid, top.mode & 0o7777]).to.deep.equal([70, 71, 0o1770]);
  });

  it('follows the symlinks of the image inside the image only', async () => {
    await writeFile(lower('data/inside'), '');
    await symlink('/data', upper('absolute'));
    await symlink('../../../../../../../../data', upper('relative'));
    await symlink(directory(), upper('outside'));
    expect(await readdir(await fill({ target: '/absolute' }))).to.have.members(['inside', 'sub']);
    const native = loadNative();
    const store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    await store.remove(store.volumePath('v'));
    expect(await readdir(await fill({ target: '/relative' }))).to.have.members(['inside', 'sub']);
    await store.remove(store.volumePath('v'));
    expect(await readdir(await fill({ target: '/outside' }))).to.deep.equal([]);
  });

  it("gives an empty volume to the application's user where the image lacks the target", async () => {
    const { uid, gid, mode } = await lstat(await fill({ target: '/missing' }));
    expect([uid, gid, mode & 0o7777]).to.deep.equal([1234, 1235, 0o755]);
  });

  it('neither waits for a FIFO nor opens a device of the image', async () => {
    execFileSync('mkfifo', [upper('data/fifo')]);
    execFileSync('mknod', [upper('data/device'), 'c', '1', '3']);
    const data = await fill({});
    expect((await lstat(join(data, 'fifo'))).isFIFO()).to.equal(true);
    expect((await lstat(join(data, 'device'))).isCharacterDevice()).to.equal(true);
  });
});
