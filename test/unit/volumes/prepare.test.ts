import { fchmod, fstat, open } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { type PrepareOptions, prepareVolumes, type VolumeNeed } from '../../../ts/volumes/prepare.ts';
import { Volumes, type VolumeUser } from '../../../ts/volumes/volumes.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the volumes of a container', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let volumes: Volumes;
  let users: Map<string, VolumeUser[]>;
  let copies: number;
  let failCopy: boolean;

  beforeEach(async () => {
    users = new Map();
    copies = 0;
    failCopy = false;
    const native = fakeNative({
      // An image is a directory of the test here; what is hostile in one is tested with the addon.
      openInRoot: (_root, path, flags) => promisify(open)(join(directory(), 'image', path), flags),
      copyTree: async (source, destination) => {
        copies++;
        await cp(`/proc/self/fd/${source}/.`, `/proc/self/fd/${destination}/.`, { recursive: true });
        if (failCopy) throw new Error('no space left');
        await promisify(fchmod)(destination, (await promisify(fstat)(source)).mode & 0o7777);
      },
    });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    volumes = new Volumes(store, async () => users);
    await mkdir(join(directory(), 'image/data/sub'), { recursive: true });
    await writeFile(join(directory(), 'image/data/sub/f'), 'from the image');
    await mkdir(join(directory(), 'image/empty'), { mode: 0o700 });
    await writeFile(join(directory(), 'image/file'), '');
  });

  const need = (changes: Partial<VolumeNeed> = {}): VolumeNeed => ({
    name: 'v',
    anonymous: false,
    target: '/data',
    nocopy: false,
    ...changes,
  });
  const prepare = (needs: readonly VolumeNeed[], changes: Partial<PrepareOptions> = {}) =>
    prepareVolumes(store, volumes, async () => users, needs, {
      container: 'c',
      view: async () => 0,
      owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      durable: true,
      ...changes,
    });
  const content = (name: string) => readdir(store.volumeData(name), { recursive: true });

  it('are made at first use and filled with what the image has at the target', async () => {
    const id = newId();
    const { volumes: made, created } = await prepare([need(), need({ name: id, anonymous: true })]);
    expect(created).to.deep.equal(['v', id]);
    expect(made.map((volume) => [volume.name, volume.anonymous, volume.populated])).to.deep.equal([
      ['v', false, true],
      [id, true, true],
    ]);
    for (const name of ['v', id]) {
      expect(await content(name)).to.have.members(['sub', 'sub/f']);
      expect(await readFile(join(store.volumeData(name), 'sub/f'), 'utf8')).to.equal('from the image');
      expect(await readdir(store.volumePath(name))).to.have.members(['_data', 'volume.json']);
    }
  });

  it('go with their container without a look at other records, unless another has named one by its ID', async () => {
    const [own, shared] = [newId(), newId()];
    await prepare([need({ name: own, anonymous: true }), need({ name: shared, anonymous: true })]);
    let looks = 0;
    const counting = new Volumes(store, async () => {
      looks++;
      return users;
    });
    await counting.remove(own, { except: 'c' });
    expect(looks).to.equal(0);
    users.set(shared, [{ id: 'other', name: 'other' }]);
    await prepare([need({ name: shared })], { container: 'other' });
    expect((await refusal(counting.remove(shared, { except: 'c' }))).code).to.equal('ORLOP_E_VOLUME_IN_USE');
    users.clear();
    await counting.remove(shared, { except: 'c' });
    expect(await readdir(store.volumesPath)).to.deep.equal([]);
  });

  it('are filled once: what was deleted stays deleted', async () => {
    await prepare([need()]);
    await rm(join(store.volumeData('v'), 'sub'), { recursive: true });
    expect((await prepare([need()])).created).to.deep.equal([]);
    expect(await content('v')).to.deep.equal([]);
    expect(copies).to.equal(1);
  });

  it('are never filled when they hold something, or with nocopy', async () => {
    await volumes.create('v');
    await writeFile(join(store.volumeData('v'), 'mine'), '');
    await prepare([need()]);
    expect(await content('v')).to.deep.equal(['mine']);
    await prepare([need({ name: 'w', nocopy: true })]);
    expect(await content('w')).to.deep.equal([]);
    expect(copies).to.equal(0);
  });

  it('are not filled while another container has them, which may have them mounted', async () => {
    await volumes.create('v');
    const before = (await stat(store.volumeData('v'))).ino;
    users.set('v', [{ id: 'other', name: 'other' }]);
    await prepare([need()]);
    expect((await stat(store.volumeData('v'))).ino).to.equal(before);
    users.set('v', [{ id: 'c', name: 'itself' }]);
    await prepare([need()]);
    expect(await content('v')).to.include('sub');
  });

  it('take the mode of an empty directory of the image', async () => {
    await prepare([need({ target: '/empty' })]);
    expect((await stat(store.volumeData('v'))).mode & 0o7777).to.equal(0o700);
  });

  it('stay empty where the image has nothing or a file, and are filled by a later image', async () => {
    for (const target of ['/missing', '/file']) {
      await prepare([need({ target })]);
      expect(await content('v')).to.deep.equal([]);
      expect((await volumes.get('v')).populated).to.equal(false);
    }
    await prepare([need()]);
    expect(await content('v')).to.include('sub');
  });

  it('are found without a look at all containers when there is nothing to copy', async () => {
    await prepare([need(), need({ name: 'empty', target: '/missing' })]);
    const asked = prepareVolumes(
      store,
      volumes,
      async () => {
        throw new Error('somebody asked who uses it');
      },
      [need(), need({ name: 'empty', target: '/missing' }), need({ name: 'empty', nocopy: true })],
      { container: 'c', view: async () => 0, owner: await stat(store.volumeData('empty')), durable: true },
    );
    expect((await asked).volumes.map(({ name }) => name)).to.deep.equal(['v', 'empty', 'empty']);
  });

  it('are filled for the first target that has something when one is mounted twice', async () => {
    const { created } = await prepare([need({ target: '/missing' }), need(), need({ target: '/empty' })]);
    expect(created).to.deep.equal(['v']);
    expect(await content('v')).to.include('sub');
  });

  it('are not there when the copy fails, and an existing one is as before', async () => {
    failCopy = true;
    const outcome = await prepare([need({ name: 'w', nocopy: true }), need()]).catch((error: Error) => error.message);
    expect(outcome).to.equal('no space left');
    expect(await readdir(store.volumesPath)).to.deep.equal([]);
    await volumes.create('v');
    await prepare([need()]).catch(() => {});
    expect(await content('v')).to.deep.equal([]);
    failCopy = false;
    await prepare([need()]);
    expect(await content('v')).to.include('sub');
    expect(await readdir(store.volumePath('v'))).to.have.members(['_data', 'volume.json']);
  });

  it('are not made anew by the ID of an anonymous one that is gone', async () => {
    const id = newId();
    expect((await refusal(prepare([need({ name: id })]))).code).to.equal('ORLOP_E_NO_VOLUME');
    expect(await readdir(store.volumesPath)).to.deep.equal([]);
    await prepare([need({ name: id, anonymous: true })]);
    expect((await prepare([need({ name: id })], { container: 'd' })).created).to.deep.equal([]);
  });

  it('are made once by many at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, (_, at) => prepare([need()], { container: `${at}` })));
    expect(all.flatMap((one) => one.created)).to.deep.equal(['v']);
    expect(copies).to.equal(1);
  });

  it('whose record is damaged are refused and keep their data', async () => {
    await volumes.create('v');
    await writeFile(join(store.volumeData('v'), 'mine'), '');
    await rm(join(store.volumePath('v'), 'volume.json'));
    expect((await refusal(prepare([need()]))).code).to.equal('ORLOP_E_DAMAGED');
    expect(await content('v')).to.deep.equal(['mine']);
  });
});
