import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ownIdentity, type ProcessIdentity } from '../../../ts/linux/proc.ts';
import type { Mode } from '../../../ts/native/contract.ts';
import { fill, fillAll, hole, valuesOf } from '../../../ts/plan/holes.ts';
import { afterExitChanges, createdChanges, runningState } from '../../../ts/record/changes.ts';
import type { Durability, StoredContainer } from '../../../ts/record/schema.ts';
import type { EnvEntry } from '../../../ts/request/types.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { container, record, request } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const id = '0123456789ab'.padEnd(64, 'c');
const values = valuesOf({
  id,
  name: 'brave_anchor_012345',
  created: '2026-01-02T03:04:05.678Z',
  started: '2026-01-02T03:04:06.789Z',
  requestArgv: ['sh', '-c', 'echo "\\u0000"'],
  requestEnv: [{ name: 'A', value: 'b"' }],
  argv: ['sh'],
  env: [],
});

const volume = (name: string, anonymous = false) => {
  return { name, target: `/${name}`, attributes: 0, anonymous, reason: 'test' };
};

describe('what makes, starts and ends a container', () => {
  let store: Store;
  let self: ProcessIdentity;
  afterEach(() => store.close());
  // After that, because what is registered first runs first.
  const directory = temporaryDirectory();
  beforeEach(async () => {
    store = await open('program');
    self = await ownIdentity();
  });

  const open = (mode: Mode) =>
    Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native: fakeNative(), mode });

  /** One of a prepared start: with holes for what it has of its own. */
  function prepared(durability: Durability, changes: Partial<StoredContainer['record']> = {}) {
    const asked = request({ argv: [hole.requestArgv], env: [hole.requestEnv as unknown as EnvEntry] });
    const process = { argv: [hole.argv], env: [hole.env], cwd: '/', uid: 0, gid: 0, groups: [] };
    const own = { name: hole.name, created: hole.created, hostname: hole.shortId };
    return container(record(hole.id, { ...own, request: asked, process, ...changes }), durability);
  }

  const root = { mode: 0o711, uid: 1, gid: 2 };
  const origins = {
    'made in its place': { stagingDirectory: null, mounted: false },
    'made before': { stagingDirectory: '/shelf', mounted: false },
    'in a union already': { stagingDirectory: '/shelf', mounted: true },
  };

  for (const durability of ['durable', 'ephemeral'] as const) {
    for (const [what, origin] of Object.entries(origins)) {
      it(`are the same with holes and without, for one that is ${durability} with a layer that is ${what}`, async () => {
        const template = await prepared(durability, { volumes: [volume('data')] });
        const own = fillAll(template, values);
        expect(fillAll(createdChanges(store, template, self, origin, root), values)).to.deep.equal(
          createdChanges(store, own, self, origin, root),
        );
        const { path, head, tail, durable } = runningState(store, template);
        const running = runningState(store, own);
        expect([fill(path, values), fill(head, values), tail, durable]).to.deep.equal([
          running.path,
          fill(running.head, values),
          running.tail,
          running.durable,
        ]);
        expect(fillAll(afterExitChanges(store, template, '/trash'), values)).to.deep.equal(
          afterExitChanges(store, own, '/trash'),
        );
      });
    }
  }

  it('write its record under another name, then make its layer, and give the record its name last', async () => {
    const one = fillAll(await prepared('ephemeral'), values);
    const changes = createdChanges(store, one, self, origins['made in its place'], root);
    const places = [store.layersPath, store.mntPath];
    const touched = changes.map((change) => places.some((place) => change.some((part) => `${part}`.startsWith(place))));
    const written = changes.findIndex(([kind, path]) => kind === 'write' && path.endsWith('config.json'));
    expect(written).to.be.greaterThan(0).and.lessThan(touched.indexOf(true));
    const [kind, , to] = changes[touched.lastIndexOf(true) + 1] ?? [];
    expect([kind, to]).to.deep.equal(['rename', `${store.ephemeralPath}/${id}`]);
    expect(changes[touched.indexOf(true) - 1]?.[1], 'the name tells of what the layer is').to.contain(id);
  });

  it('note that the making goes on only where volumes follow, and where no recovery asks for the owner', async () => {
    const notes = async (durability: Durability, ...volumes: ReturnType<typeof volume>[]) => {
      const one = fillAll(await prepared(durability, { volumes }), values);
      const changes = createdChanges(store, one, self, origins['made in its place'], root);
      return changes.filter(([, path]) => path.endsWith('/making')).length;
    };
    expect(await notes('durable', volume('data'))).to.equal(1);
    expect(await notes('durable')).to.equal(0);
    expect(await notes('ephemeral', volume('data'))).to.equal(0);
  });

  it('reach the disk where the container is durable, and cost no sync where it is not', async () => {
    const syncs = async (durability: Durability) => {
      const one = fillAll(await prepared(durability), values);
      const changes = createdChanges(store, one, self, origins['made before'], root);
      return changes.flatMap(([kind, path]) => (kind === 'sync' ? [path] : []));
    };
    expect(await syncs('ephemeral')).to.deep.equal([]);
    const durable = await syncs('durable');
    const [state = '', config, ...names] = durable;
    const directory = dirname(state);
    expect([state, config]).to.deep.equal([`${directory}/state.json`, `${directory}/config.json`]);
    // The record gets its name before the last of them.
    const ofLayer = [store.layerPath(id), store.layersPath, store.mntPath];
    expect(names).to.deep.equal([directory, ...ofLayer, store.containersPath]);
    expect(runningState(store, await prepared('durable')).durable).to.equal(true);
    expect(runningState(store, await prepared('ephemeral')).durable).to.equal(false);
  });

  it('give the layer mode and owner of the root of its image, unless a union shows it already', async () => {
    const one = await prepared('ephemeral');
    const dressed = (origin: (typeof origins)[keyof typeof origins]) =>
      createdChanges(store, one, self, origin, root).filter(([kind]) => kind === 'attributes');
    expect(dressed(origins['made in its place'])).to.deep.equal([
      ['attributes', `${store.diffPath(hole.id)}`, 0o711, 1, 2],
    ]);
    expect(dressed(origins['made before'])).to.have.length(1);
    expect(dressed(origins['in a union already'])).to.deep.equal([]);
  });

  it('record that it runs, with what only the launching thread knows in between', async () => {
    const one = fillAll(await prepared('ephemeral'), values);
    const { path, head, tail } = runningState(store, one);
    const state = JSON.parse(fill(`${head}"pid":7,"startTime":"8"${tail}`, values));
    expect(path).to.equal(`${store.ephemeralPath}/${id}/state.json`);
    expect(state).to.deep.equal({
      ...one.state,
      status: 'running',
      pid: 7,
      startTime: '8',
      startedAt: '2026-01-02T03:04:06.789Z',
    });
  });

  it('remove layer and mount point after the exit, and the record last', async () => {
    const one = fillAll(await prepared('ephemeral', { volumes: [volume('data')] }), values);
    const { changes, background } = afterExitChanges(store, one, '/trash') ?? { changes: [], background: [] };
    const lock = store.lockFile('container', id);
    expect(changes[0]).to.deep.equal(['lock', lock]);
    expect(changes[1]?.[0]).to.equal('absent');
    expect(changes.at(-1)).to.deep.equal(['unlink', lock]);
    const at = (path: string) => changes.findIndex((change) => change[1] === path);
    expect(at(store.layerPath(id)))
      .to.be.greaterThan(1)
      .and.lessThan(at(`${store.ephemeralPath}/${id}`));
    expect(at(store.mountPoint(id)))
      .to.be.greaterThan(1)
      .and.lessThan(at(`${store.ephemeralPath}/${id}`));
    expect(background).to.deep.equal([['remove', `/trash/${id}`]]);
  });

  it('bound the layer by a quota before anything is in it, and take that away before it is removed', async () => {
    const limits = { disk: 2 ** 20 };
    const bounded = await prepared('ephemeral', { request: request({ limits }) });
    const made = createdChanges(store, bounded, self, origins['made before'], root);
    const path = store.layerPath(hole.id);
    const kinds = made.filter(([, at]) => at === path || at === `${path}/diff`).map(([kind]) => kind);
    expect(kinds).to.deep.equal(['attributes', 'limit']);
    expect(made).to.deep.include(['limit', path, '1048576 512']);
    const kindsAfter = afterExitChanges(store, bounded, '/trash')?.changes.map(([kind]) => kind) ?? [];
    expect(kindsAfter.indexOf('unlimit')).to.be.within(0, kindsAfter.indexOf('discard') - 1);
    const inMemory = { ...bounded, record: { ...bounded.record, layerInMemory: true } };
    const all = [
      ...createdChanges(store, inMemory, self, origins['made before'], root),
      ...(afterExitChanges(store, inMemory, '/trash')?.changes ?? []),
    ];
    expect(all.filter(([kind]) => kind === 'limit' || kind === 'unlimit')).to.deep.equal([]);
  });

  it('remove all of it in place in a command', async () => {
    await store.close();
    store = await open('command');
    const { changes, background } = afterExitChanges(store, await prepared('ephemeral'), null) ?? {
      changes: [],
      background: null,
    };
    expect(changes.filter(([kind]) => kind === 'discard')).to.have.length(1);
    expect(changes).to.deep.include(['remove', store.layerPath(hole.id)]);
    expect(changes).to.deep.include(['rmdir', store.mountPoint(hole.id)]);
    expect(background).to.deep.equal([]);
  });

  it('are no batch after the exit if the removal takes more, or nothing is to be removed', async () => {
    const one = await prepared('ephemeral');
    expect(afterExitChanges(store, one, '/trash')).not.to.equal(null);
    expect(afterExitChanges(store, one, null), 'no trash').to.equal(null);
    expect(afterExitChanges(store, await prepared('durable'), '/trash'), 'durable').to.equal(null);
    const withVolume = await prepared('ephemeral', { volumes: [volume('a'.repeat(64), true)] });
    expect(afterExitChanges(store, withVolume, '/trash'), 'an anonymous volume').to.equal(null);
    const orphan = { ...one, state: { ...one.state, owner: null } };
    expect(afterExitChanges(store, orphan, '/trash'), 'no owner').to.equal(null);
  });

  it('leave a record that says what was asked for, word by word', async () => {
    const template = await prepared('durable', { volumes: [volume('data')] });
    store.native.change(fillAll(createdChanges(store, template, self, origins['made in its place'], root), values));
    const read = (name: string) => JSON.parse(readFileSync(join(store.containersPath, id, name), 'utf8'));
    expect(read('config.json')).to.deep.equal(fillAll(template.record, values));
    expect(read('config.json').request.argv).to.deep.equal(['sh', '-c', 'echo "\\u0000"']);
    expect(read('state.json')).to.deep.equal(template.state);
  });
});
