import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Store } from '../../../ts/store/store.ts';
import { Volumes, type VolumeUser } from '../../../ts/volumes/volumes.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('volumes', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let volumes: Volumes;
  let users: Map<string, VolumeUser[]>;

  beforeEach(async () => {
    users = new Map();
    const native = fakeNative({ treeSize: async () => ({ bytes: 100, entries: 1 }) });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    volumes = new Volumes(store, async () => users);
  });

  it('are made once, with a directory for containers and a record beside it', async () => {
    const volume = await volumes.create('data', { labels: { a: 'b' } });
    expect(volume).to.include({ name: 'data', driver: 'local', anonymous: false, populated: false });
    expect(volume.mountpoint).to.equal(join(store.root, 'volumes/data/_data'));
    expect((await stat(volume.mountpoint)).mode & 0o7777).to.equal(0o755);
    expect(await volumes.create('data')).to.deep.equal(volume);
    expect(await volumes.create('data', { labels: { a: 'b' } })).to.deep.equal(volume);
    expect((await refusal(volumes.create('data', { labels: {} }))).message).to.match(/other labels/);
    expect(await volumes.get('data')).to.deep.equal(volume);
  });

  it('get 64 hex digits for a name where they have none', async () => {
    const volume = await volumes.create(null);
    expect(volume.name).to.match(/^[0-9a-f]{64}$/);
    expect(volume.anonymous).to.equal(true);
  });

  for (const name of ['', '.', '..', '-a', 'a/b', 'a b', 'ä', 'a\0', 'a'.repeat(256), 'f'.repeat(64)]) {
    it(`cannot be called ${JSON.stringify(name.slice(0, 20))}`, async () => {
      expect((await refusal(volumes.create(name))).code).to.equal('ORLOP_E_VOLUME_NAME');
      expect((await refusal(volumes.get(name))).code).to.equal('ORLOP_E_NO_VOLUME');
      expect((await refusal(volumes.remove(name))).code).to.equal('ORLOP_E_NO_VOLUME');
      expect(await readdir(store.volumesPath)).to.deep.equal([]);
    });
  }

  it('are listed by name, with damaged ones apart, whose data stays until they are removed', async () => {
    for (const name of ['b', 'a', 'broken', 'lost']) await volumes.create(name);
    await writeFile(join(store.volumePath('broken'), 'volume.json'), '');
    await rm(join(store.volumePath('lost'), 'volume.json'));
    await mkdir(join(store.volumesPath, 'lost+found'));
    const list = await volumes.list();
    expect(list.volumes.map((volume) => volume.name)).to.deep.equal(['a', 'b']);
    expect(list.damaged.map((one) => [one.id, one.error.code])).to.deep.equal([
      ['broken', 'ORLOP_E_DAMAGED'],
      ['lost', 'ORLOP_E_DAMAGED'],
    ]);
    expect((await refusal(volumes.get('broken'))).hint).to.include(store.volumeData('broken'));
    expect((await refusal(volumes.create('lost'))).code).to.equal('ORLOP_E_DAMAGED');
    expect(await readdir(store.volumePath('lost'))).to.deep.equal(['_data']);
    await volumes.remove('broken');
    await volumes.remove('lost');
    expect(await readdir(store.volumesPath)).to.have.members(['a', 'b', 'lost+found']);
  });

  it('are not removed while containers use them, and name those', async () => {
    await volumes.create('data');
    users.set('data', [
      { id: '1', name: 'one' },
      { id: '2', name: 'two' },
    ]);
    const error = await refusal(volumes.remove('data'));
    expect(error.code).to.equal('ORLOP_E_VOLUME_IN_USE');
    expect(error.message).to.equal(`volume 'data' is used by containers 'one', 'two'`);
    users.set('data', [{ id: '1', name: 'one' }]);
    await volumes.remove('data', { except: '1' });
    expect(await readdir(store.volumesPath)).to.deep.equal([]);
  });

  it('are pruned when unused: anonymous ones, all when asked, and only those that a filter lets through', async () => {
    const anonymous = await volumes.create(null);
    const used = await volumes.create(null);
    await volumes.create('named', { labels: { keep: 'yes' } });
    await volumes.create('other');
    users.set(used.name, [{ id: '1', name: 'one' }]);
    expect(await volumes.prune()).to.deep.equal({ removed: [anonymous.name], reclaimed: 100 });
    const filter = (volume: { labels: Readonly<Record<string, string>> }) => volume.labels.keep !== 'yes';
    expect((await volumes.prune({ all: true, filter })).removed).to.deep.equal(['other']);
    expect((await volumes.prune({ all: true })).removed).to.deep.equal(['named']);
    expect(await readdir(store.volumesPath)).to.deep.equal([used.name]);
  });

  it('that are held by another are left alone by prune', async () => {
    const volume = await volumes.create(null);
    await using _lock = await store.lock('volume', volume.name, 'shared');
    expect((await volumes.prune()).removed).to.deep.equal([]);
  });
});
