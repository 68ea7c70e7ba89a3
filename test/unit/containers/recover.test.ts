import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { recover } from '../../../ts/containers/recover.ts';
import { identify, ownIdentity } from '../../../ts/linux/proc.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { containerDirectory } from '../../../ts/record/files.ts';
import { readRemoving, writeRemoving } from '../../../ts/record/removing.ts';
import { type ContainerRecord, created, type Durability } from '../../../ts/record/schema.ts';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { addContainer, endedProcess, record, recordRunning } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('after a crash', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let containers: ContainerStore;
  let killed: number[];

  beforeEach(async () => {
    killed = [];
    const native = fakeNative({
      killOther: (pid) => {
        killed.push(pid);
        return process.kill(pid, 'SIGKILL');
      },
      waitOther: async () => true,
    });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    containers = new ContainerStore(store);
  });

  const add = (one: ContainerRecord, durability: Durability) => addContainer(store, containers, one, durability);

  it('an ephemeral container whose owner is dead goes with all it had; that of a live owner stays', async () => {
    const volume = await containers.volumes.create(null);
    const use = { name: volume.name, target: '/a', attributes: 0, anonymous: true, reason: 'test' };
    const lost = await add(record(newId(), { volumes: [use] }), 'ephemeral');
    const kept = await add(record(newId()), 'ephemeral');
    const state = { ...lost.state, owner: await endedProcess() };
    await writeFile(join(store.ephemeralPath, lost.record.id, 'state.json'), JSON.stringify(state));
    await recover(store, containers);
    expect(await readdir(store.ephemeralPath)).to.deep.equal([kept.record.id]);
    expect(await readdir(store.layersPath)).to.deep.equal([kept.record.layer]);
    expect(await readdir(store.mntPath)).to.deep.equal([kept.record.layer]);
    expect((await containers.volumes.list()).volumes).to.deep.equal([]);
  });

  it('notes a removal completely or not at all: an empty note would mean that the volumes stay', async () => {
    const { id } = (await add(record(newId()), 'durable')).record;
    const place = containerDirectory(store, id, 'durable');
    const names = await readdir(place);
    await writeRemoving(store, id, 'durable', false);
    await link(join(place, 'removing'), join(place, 'before'));
    await writeRemoving(store, id, 'durable', true);
    expect(await readFile(join(place, 'before'), 'utf8'), 'the file from before, in which nothing is written').to.equal(
      '',
    );
    expect(await readRemoving(store, id, 'durable')).to.deep.equal({ volumes: true });
    expect(await readdir(place)).to.have.members([...names, 'before', 'removing']);
  });

  it('an ephemeral container that has ended stays until its live owner removes it', async () => {
    const added = await add(record(newId()), 'ephemeral');
    const running = await recordRunning(store, await containers.claim(added));
    await containers.exited(running, { exitCode: 0, signal: null });
    await recover(store, containers);
    expect(await readdir(store.ephemeralPath)).to.deep.equal([added.record.id]);
    await containers.remove(added.record.id, { volumes: true });
  });

  it('an application that outlived its owner is killed', async () => {
    const child = spawn('sleep', ['1000']);
    await once(child, 'spawn');
    const application = await identify(child.pid ?? 0);
    const { record: one } = await add(record(newId()), 'durable');
    const { pid, startTime } = application ?? { pid: 0, startTime: '' };
    const state = { ...created, status: 'running', pid, startTime, owner: await endedProcess() };
    await writeFile(join(store.containersPath, one.id, 'state.json'), JSON.stringify(state));
    const exit = once(child, 'exit');
    await recover(store, containers);
    await exit;
    expect(killed).to.deep.equal([child.pid]);
    expect((await containers.find(one.id)).state.status).to.equal('exited');
  });

  it('a container whose end nobody saw has exit status 255, whoever looks, and gets it on record', async () => {
    const { record: one } = await add(record(newId()), 'durable');
    const state = { ...created, status: 'running', pid: 1, startTime: '1', owner: await endedProcess() };
    const path = join(store.containersPath, one.id, 'state.json');
    await writeFile(path, JSON.stringify(state));
    const began = new Date();
    const look = async () => (await containers.find(one.id)).state;
    for (const found of [await look(), await recover(store, containers).then(look)]) {
      expect(found).to.include({ status: 'exited', exitCode: 255, signal: null, pid: null });
      expect(new Date(found.finishedAt ?? 0)).to.be.at.least(began);
    }
    expect(JSON.parse(await readFile(path, 'utf8'))).to.include({ status: 'exited', exitCode: 255, owner: null });
  });

  it('a container whose making was interrupted goes with its volumes; one that is being made stays', async () => {
    const volume = await containers.volumes.create(null);
    const use = { name: volume.name, target: '/a', attributes: 0, anonymous: true, reason: 'test' };
    const half = record(newId(), { volumes: [use] });
    await addContainer(store, containers, half, 'durable', async () => {
      await recover(store, containers);
      expect(await readdir(store.containersPath)).to.deep.equal([half.id]);
    });
    expect(await readdir(containerDirectory(store, half.id, 'durable'))).not.to.include('making');
    await recover(store, containers);
    expect(await readdir(store.containersPath)).to.deep.equal([half.id]);
    // A killed process leaves the note and the lock's file, and no lock.
    await writeFile(store.lockFile('container', newId()), '');
    await writeFile(join(containerDirectory(store, half.id, 'durable'), 'making'), '');
    await recover(store, containers);
    for (const path of [store.containersPath, store.layersPath, store.mntPath, store.volumesPath]) {
      expect(await readdir(path), path).to.deep.equal([]);
    }
    expect(await readdir(dirname(store.lockFile('container', half.id)))).to.deep.equal([]);
  });

  it('removals are finished, and records that were never completed forgotten', async () => {
    const { record: one } = await add(record(newId()), 'durable');
    await writeFile(join(store.containersPath, one.id, 'removing'), 'volumes');
    const temporary = async ({ pid, startTime, boot, namespace }: Awaited<ReturnType<typeof endedProcess>>) => {
      const id = newId();
      const name = ['new', pid, startTime, boot, namespace.replace(/\D/g, ''), id].join('.');
      await mkdir(join(store.containersPath, name));
      await mkdir(store.layerPath(id));
      await mkdir(store.mountPoint(id));
      return { id, name };
    };
    await temporary(await endedProcess());
    const busy = await temporary(await ownIdentity());
    await recover(store, containers);
    expect(await readdir(store.containersPath)).to.deep.equal([busy.name]);
    expect(await readdir(store.layersPath)).to.deep.equal([busy.id]);
    expect(await readdir(store.mntPath)).to.deep.equal([busy.id]);
    expect((await containers.list()).containers).to.deep.equal([]);
  });

  it('and a reboot, what only the lost records knew goes too', async () => {
    await recover(store, containers);
    await add(record(newId()), 'ephemeral');
    const kept = await add(record(newId()), 'durable');
    await mkdir(store.diffPath('image'), { recursive: true });
    await rm(store.ephemeralPath, { recursive: true });
    await mkdir(store.ephemeralPath);
    await recover(store, containers);
    expect(await readdir(store.layersPath), 'in the same boot').to.have.length(3);
    await writeFile(join(store.root, 'boot.json'), JSON.stringify({ version: 1, boot: 'before' }));
    await recover(store, containers);
    expect(await readdir(store.layersPath)).to.have.members(['image', kept.record.layer]);
    expect(await readdir(store.mntPath)).to.deep.equal([kept.record.layer]);
  });
});
