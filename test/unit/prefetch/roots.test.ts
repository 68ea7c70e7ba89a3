import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StartValues } from '../../../ts/native/contract.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { type RootKind, Roots } from '../../../ts/prefetch/roots.ts';
import { Store } from '../../../ts/store/store.ts';
import { makeFacts } from '../../support/facts.ts';
import { PreparingNative } from '../../support/prepared.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

describe('prefetched root filesystems', () => {
  const directory = temporaryDirectory();
  let addon: PreparingNative;
  let store: Store;
  let roots: Roots;
  let opened: (StartValues & { readonly paths: string })[];
  let closed: number[];
  let refusal: Error | null;

  beforeEach(async () => {
    [opened, closed, refusal] = [[], [], null];
    addon = new PreparingNative({
      openMounts: async (prepared, options) => {
        opened.push(options);
        if (refusal !== null) throw refusal;
        const { slots } = decodePlan(addon.of(prepared).plan);
        return Array.from({ length: slots }, (_, index) => opened.length * 100 + index);
      },
      close: async (descriptor) => void closed.push(descriptor),
    });
    const [root, run] = [join(directory(), 'root'), join(directory(), 'run')];
    store = await Store.open({ root, run, native: addon.native });
    roots = new Roots(store);
  });
  afterEach(async () => {
    await roots.close();
    await store.close();
  });

  const kind = (key: string, parts: Partial<RootKind> = {}): RootKind => ({
    key,
    attributes: { mode: 0o755, uid: 0, gid: 0 },
    facts: () => makeFacts({ strategy: 'opener', hidden: [] }),
    ...parts,
  });

  /** Has layers made, as the first two starts of a program do. */
  async function withLayers(): Promise<void> {
    roots.take(null);
    await until('a layer', () => {
      const layer = roots.take(null);
      if (layer === null) return null;
      roots.release(layer.id);
      return true;
    });
  }

  /** Has mounts made for the next start of a kind. */
  async function made(one: RootKind, paths: readonly string[] = []): Promise<void> {
    await until('mounts of the kind', () => {
      roots.makeNext(one, () => paths, {});
      return roots.prefetched(one.key);
    });
  }

  it('are none for the first start of a program', () => {
    expect(roots.take('one')).to.equal(null);
    expect(roots.prefetched('one')).to.equal(null);
  });

  it('are a layer with mounts for a start of the same kind, and one without for any other', async () => {
    await withLayers();
    await made(kind('one'));
    const other = roots.take('other');
    expect([other !== null, roots.isMounted(other?.id ?? '')]).to.deep.equal([true, false]);
    const bare = roots.take(null);
    expect([bare !== null, roots.isMounted(bare?.id ?? '')]).to.deep.equal([true, false]);
    const one = roots.take('one');
    expect([one !== null, roots.isMounted(one?.id ?? '')]).to.deep.equal([true, true]);
    const second = roots.take('one');
    expect([second !== null, roots.isMounted(second?.id ?? '')]).to.deep.equal([true, false]);
  });

  it('have their mounts taken once, in the order of their names', async () => {
    await withLayers();
    await made(kind('one'));
    expect(roots.prefetched('one')?.names[0]).to.equal('mount:/');
    const names = roots.prefetched('one')?.names ?? [];
    const layer = roots.take('one')?.id ?? '';
    const mounts = roots.mountsOf(layer);
    expect(mounts?.names).to.deep.equal(names);
    expect(mounts?.descriptors).to.deep.equal(names.map((_, index) => 100 + index));
    expect([roots.mountsOf(layer), roots.isMounted(layer), roots.prefetched('one')]).to.deep.equal([null, false, null]);
  });

  it('are made by one plan of their kind, filled with the ID of the layer, and shown as they were made', async () => {
    await withLayers();
    await made(kind('one'), ['/bin/sh', '/work']);
    const layer = roots.take('one');
    await made(kind('one'), ['/bin/other']);
    expect(addon.given).to.have.length(1);
    expect(opened.map(({ values: [id] }) => id)[0]).to.equal(layer?.id);
    expect(opened[0]?.paths).to.equal('/bin/sh\0/work\0');
    expect(opened[1]?.paths).to.equal('/bin/other\0/bin/sh\0/work\0');
    const plan = roots.prefetched('one')?.plan(['f'.repeat(64)]);
    const upper = `${layer?.stagingDirectory}/${'f'.repeat(64)}/diff`;
    expect(plan?.prepare.find(({ op }) => op === 'overlay')).to.include({ upper });
  });

  it('have mode and owner of the root directory of their image', async () => {
    await withLayers();
    await made(kind('one', { attributes: { mode: 0o711, uid: 3, gid: 4 } }));
    const { id = '', stagingDirectory = '' } = roots.take('one') ?? {};
    const { mode, uid, gid } = statSync(join(stagingDirectory, id, 'diff'));
    expect([mode & 0o7777, uid, gid]).to.deep.equal([0o711, 3, 4]);
  });

  it('are not made twice for one kind, nor for more kinds than a few: then those of the oldest go', async () => {
    await withLayers();
    await made(kind('first'));
    roots.makeNext(kind('first'), () => [], {});
    await roots.forget();
    expect(opened).to.have.length(1);
    for (let number = 0; number < 9; number++) await made(kind(`kind ${number}`));
    expect(roots.prefetched('kind 0')).to.equal(null);
    expect(roots.prefetched('kind 1')).not.to.equal(null);
    expect(roots.prefetched('kind 8')).not.to.equal(null);
    expect(closed).to.include.members([100, 200]);
  });

  it('lose their mounts, and stay as layers, when an image is to be removed', async () => {
    await withLayers();
    await made(kind('one'));
    await roots.forget();
    expect(closed).to.include(100);
    expect(roots.prefetched('one')).to.equal(null);
    const layer = roots.take('one');
    expect([layer !== null, roots.isMounted(layer?.id ?? '')]).to.deep.equal([true, false]);
  });

  it('lose their mounts with their layer', async () => {
    await withLayers();
    await made(kind('one'));
    const { id = '' } = roots.take('one') ?? {};
    await roots.drop(id);
    expect(closed).to.include(100);
    expect(roots.mountsOf(id)).to.equal(null);
  });

  it('go with a start that has failed, unless their layer is in its place already', async () => {
    await withLayers();
    await made(kind('one'));
    const { id = '', stagingDirectory = '' } = roots.take('one') ?? {};
    const { id: moved = '' } = roots.take(null) ?? {};
    renameSync(join(stagingDirectory, moved), store.layerPath(moved));
    for (const layer of [id, moved]) {
      await roots.discard(layer);
      roots.release(layer);
    }
    expect(closed).to.include(100);
    expect(existsSync(join(stagingDirectory, id))).to.equal(false);
    expect(existsSync(store.layerPath(moved))).to.equal(true);
    await roots.close();
    expect(existsSync(stagingDirectory)).to.equal(false);
  });

  it('go with the store, but for a layer that a start has taken, until that is moved', async () => {
    await withLayers();
    await made(kind('one'));
    const { id = '', stagingDirectory = '' } = roots.take(null) ?? {};
    await roots.close();
    expect(closed).to.include(100);
    expect(existsSync(join(stagingDirectory, id))).to.equal(true);
    roots.release(id);
    await roots.close();
    expect(existsSync(stagingDirectory)).to.equal(false);
  });

  it('are removed with the store at once when all layers that starts have taken are moved', async () => {
    await withLayers();
    const { id = '', stagingDirectory = '' } = roots.take(null) ?? {};
    renameSync(join(stagingDirectory, id), store.layerPath(id));
    await roots.close();
    expect(existsSync(stagingDirectory)).to.equal(false);
  });

  it('can be asked for while they go with the store: there are some or none', async () => {
    await withLayers();
    let closed = false;
    const closing = roots.close().finally(() => {
      closed = true;
    });
    for (let turn = 0; !closed; turn++) {
      const layer = roots.take('one');
      if (layer !== null) roots.release(layer.id);
      await (turn < 20 ? null : new Promise((resolve) => setImmediate(resolve)));
    }
    await closing;
  });

  for (const [code, tries] of [
    ['EPERM', 1],
    ['ENOSYS', 1],
    ['ENOSPC', 2],
  ] as const) {
    it(`are tried for ${tries === 1 ? 'once' : 'again'} where the kernel says ${code}`, async () => {
      await withLayers();
      refusal = Object.assign(new Error(code), { code });
      for (let start = 0; start < 2; start++) {
        roots.makeNext(kind('one'), () => [], {});
        await roots.forget();
      }
      expect(opened).to.have.length(tries);
      const layer = roots.take('one');
      expect([layer !== null, roots.isMounted(layer?.id ?? '')]).to.deep.equal([true, false]);
    });
  }
});
