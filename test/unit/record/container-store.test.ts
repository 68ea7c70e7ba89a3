import { readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { type ContainerRecord, created, type Durability } from '../../../ts/record/schema.ts';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { addContainer, endedProcess, record, recordRunning, request } from '../../support/records.ts';
import { refusal } from '../../support/refusal.ts';
import { syncsOf } from '../../support/syncs.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the containers of a store', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let containers: ContainerStore;

  beforeEach(async () => {
    const native = fakeNative({ treeSize: async () => ({ bytes: 0, entries: 0 }) });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    containers = new ContainerStore(store);
  });

  const add = (one: ContainerRecord, durability: Durability) => addContainer(store, containers, one, durability);

  it('are refused where their record would be too long to be read', async () => {
    const labels = { long: 'ä'.repeat(2 << 20) };
    const error = await refusal(add(record(newId(), { request: request({ labels }) }), 'durable'));
    expect(error.code).to.equal('ORLOP_E_INPUT');
    expect(await readdir(store.containersPath)).to.deep.equal([]);
    const most = { long: 'ä'.repeat((2 << 20) - 1000) };
    const { id } = (await add(record(newId(), { request: request({ labels: most }) }), 'durable')).record;
    expect((await containers.find(id)).record.request.labels).to.deep.equal(most);
  });

  it('have no limits where an older version recorded none', async () => {
    const { id } = (await add(record(newId()), 'durable')).record;
    const path = join(store.containersPath, id, 'config.json');
    const recorded = JSON.parse(await readFile(path, 'utf8'));
    delete recorded.request.limits;
    await writeFile(path, JSON.stringify(recorded));
    expect((await containers.find(id)).record.request.limits).to.deep.equal({});
  });

  it('are found by ID, name and unique beginning of an ID', async () => {
    const one = record(`ab1${newId().slice(3)}`, { name: 'one', request: request({ name: 'one' }) });
    const two = record(`ab2${newId().slice(3)}`, { name: 'ab1x', request: request({ name: 'ab1x' }) });
    await add(one, 'durable');
    await add(two, 'ephemeral');
    expect((await containers.find(one.id)).record).to.deep.equal(one);
    expect((await containers.find('one')).record.id).to.equal(one.id);
    expect((await containers.find('ab1x')).record.id).to.equal(two.id);
    expect((await containers.find('ab2')).record.id).to.equal(two.id);
    expect((await refusal(containers.find('ab'))).message).to.equal(`2 containers have IDs that begin with 'ab'`);
    for (const none of ['', 'nobody', 'ff', '../../etc', newId()]) {
      expect((await refusal(containers.find(none))).code, none).to.equal('ORLOP_E_NO_CONTAINER');
    }
  });

  it('are not taken for gone, nor their volumes for unused, when their directories cannot be read', async () => {
    const { record: one } = await add(record(newId()), 'durable');
    const place = join(store.containersPath, one.id);
    await symlink('volumes', join(place, 'volumes'));
    expect(await containers.uses().catch(errorCode)).to.equal('ELOOP');
    await rename(place, `${place}.away`);
    await symlink(one.id, place);
    expect(await containers.find(one.id).catch(errorCode)).to.equal('ELOOP');
  });

  it('have names of their own, also when several are made at once', async () => {
    const make = () => add(record(newId(), { name: 'web', request: request({ name: 'web' }) }), 'durable');
    const results = await Promise.allSettled([make(), make(), make()]);
    expect(results.map((result) => result.status).sort()).to.deep.equal(['fulfilled', 'rejected', 'rejected']);
    expect((await refusal(make())).code).to.equal('ORLOP_E_CONTAINER_NAME');
    expect((await containers.list()).containers).to.have.length(1);
  });

  it('are ended by force where a start comes to an application meanwhile', async () => {
    for (const durability of ['ephemeral', 'durable'] as const) {
      const killed: number[] = [];
      const native = fakeNative({
        killOther: (pid) => {
          killed.push(pid);
          return true;
        },
        waitOther: async () => true,
      });
      const place = { root: join(directory(), durability), run: join(directory(), `run-${durability}`) };
      const store = await Store.open({ ...place, native });
      // After its state was read.
      const containers = new ContainerStore(store, async () => void (await recordRunning(store, claimed)));
      const claimed = await containers.claim(await addContainer(store, containers, record(newId()), durability));
      await containers.remove(claimed.record.id, { force: true });
      expect(killed, durability).to.deep.equal([process.pid]);
      expect((await containers.list()).containers).to.deep.equal([]);
      expect(await readdir(join(store.run, 'containers'))).to.deep.equal([]);
      await store.close();
    }
  });

  it('leave no layer where they were removed while they were being made', async () => {
    const { record: one } = await add(record(newId()), 'ephemeral');
    await rm(join(store.run, 'containers', one.id), { recursive: true });
    expect((await refusal(containers.undo(one.id))).code).to.equal('ORLOP_E_NO_CONTAINER');
    expect(await readdir(store.layersPath)).to.deep.equal([]);
    expect(await readdir(store.mntPath)).to.deep.equal([]);
  });

  it('go from created to running to exited', async () => {
    const id = newId();
    const claimed = await containers.claim(await add(record(id), 'durable'));
    expect((await refusal(containers.claim(claimed))).message).to.match(/is being started$/);
    const running = await recordRunning(store, claimed);
    expect((await containers.find(id)).state).to.include({ status: 'running', pid: process.pid });
    expect((await refusal(containers.claim(running))).message).to.match(/runs$/);
    expect((await refusal(containers.remove(id))).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
    await containers.exited(running, { exitCode: 143, signal: 'SIGTERM' });
    const { state } = await containers.find(id);
    expect(state).to.include({ status: 'exited', exitCode: 143, signal: 'SIGTERM', pid: null, owner: null });
    expect(Date.parse(state.finishedAt ?? '')).to.be.at.least(Date.parse(state.startedAt ?? ''));
    await containers.claim(await containers.find(id));
  });

  it('that were refused can be started again', async () => {
    const claimed = await containers.claim(await add(record(newId()), 'durable'));
    await containers.refused(claimed);
    const found = await containers.find(claimed.record.id);
    expect(found.state).to.deep.equal(created);
    const again = await containers.claim(found);
    expect((await refusal(containers.claim(again))).message).to.match(/is being started$/);
  });

  it('and their volumes are gone from the disk when their removal ends, if they were to outlive a power cut', async () => {
    const removal = async (durability: Durability, id = newId()) => {
      const { name } = await containers.volumes.create(null);
      const use = { name, target: '/a', attributes: 0, anonymous: true, reason: 'test' };
      await add(record(id, { volumes: [use] }), durability);
      return syncsOf(() => containers.remove(id, { volumes: true }));
    };
    const id = newId();
    const [note, withNote, ...gone] = await removal('durable', id);
    expect(note?.path).to.match(/\/removing\.[0-9a-f]{12}\.tmp$/);
    // Before the volume is gone: otherwise a power cut could bring back a container without its volume.
    expect(withNote?.path).to.equal(join(store.containersPath, id));
    expect(withNote?.names).to.include('removing');
    expect(gone).to.deep.equal([
      { path: store.volumesPath, names: [] },
      { path: store.containersPath, names: [] },
    ]);
    expect(await removal('ephemeral')).to.deep.equal([]);
    const { name } = await containers.volumes.create('one');
    const emptied = [{ path: store.volumesPath, names: [] }];
    expect(await syncsOf(() => containers.volumes.remove(name))).to.deep.equal(emptied);
    await containers.volumes.create(null);
    expect(await syncsOf(() => containers.volumes.prune())).to.deep.equal(emptied);
  });

  it('whose process is gone have exited, though no exit was recorded', async () => {
    const { record: one } = await add(record(newId()), 'durable');
    const { pid, startTime, ...rest } = await endedProcess();
    const state = { ...created, status: 'running', pid, startTime, owner: { pid, startTime, ...rest } };
    await writeFile(join(store.containersPath, one.id, 'state.json'), JSON.stringify(state));
    expect((await containers.find(one.id)).state).to.include({ status: 'exited', exitCode: 255, pid: null });
  });

  for (const volumes of [false, true]) {
    it(`are removed with layer and mount point${volumes ? ' and their anonymous volumes' : ''}`, async () => {
      const id = newId();
      const anonymous = await containers.volumes.create(null);
      await containers.volumes.create('named');
      const uses = [
        { name: anonymous.name, target: '/a', attributes: 0, anonymous: true, reason: 'test' },
        { name: 'named', target: '/n', attributes: 0, anonymous: false, reason: 'test' },
      ];
      await add(record(id, { volumes: uses }), 'durable');
      await writeFile(join(store.diffPath(id), 'f'), '');
      expect((await refusal(containers.volumes.remove(anonymous.name))).code).to.equal('ORLOP_E_VOLUME_IN_USE');
      await containers.remove(id, { volumes });
      await store.settle();
      for (const path of [store.layersPath, store.mntPath, store.containersPath, store.stagingPath]) {
        expect(await readdir(path), path).to.deep.equal([]);
      }
      const left = (await containers.volumes.list()).volumes.map((volume) => volume.name);
      expect(left).to.have.members(volumes ? ['named'] : ['named', anonymous.name]);
    });
  }

  it('protect their volumes and can be removed by force when their record is damaged', async () => {
    const id = newId();
    await containers.volumes.create('data');
    const volumes = [{ name: 'data', target: '/d', attributes: 0, anonymous: false, reason: 'test' }];
    await add(record(id, { volumes }), 'durable');
    const { record: other } = await add(record(newId()), 'durable');
    await writeFile(join(store.containersPath, id, 'config.json'), '{"version":1');
    const list = await containers.list();
    expect(list.containers).to.have.length(1);
    expect(list.damaged.map(({ path }) => path)).to.deep.equal([join(store.containersPath, id)]);
    expect((await refusal(containers.find(id))).code).to.equal('ORLOP_E_DAMAGED');
    expect((await refusal(containers.volumes.remove('data'))).code).to.equal('ORLOP_E_VOLUME_IN_USE');
    expect((await refusal(containers.remove(id))).code).to.equal('ORLOP_E_DAMAGED');
    await containers.remove(id.slice(0, 12), { force: true });
    expect(await readdir(store.layersPath)).to.deep.equal([other.layer]);
    await containers.volumes.remove('data');
  });

  it('say who uses an image', async () => {
    const id = newId();
    await add(record(id, { name: 'user' }), 'ephemeral');
    const { images } = await containers.uses();
    expect(images.get(`sha256:${'1'.repeat(64)}`)).to.deep.equal([{ id, name: 'user' }]);
  });
});
