import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { type Layer, LayerStaging, prefetchLayers } from '../../../ts/prefetch/layers.ts';
import type { Prefetch } from '../../../ts/prefetch/prefetch.ts';
import { moveLayer, rootAttributes } from '../../../ts/record/layer.ts';
import { Store } from '../../../ts/store/store.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

describe('prefetched read-write layers', () => {
  requires('root', 'addon');
  let store: Store;
  let staging: LayerStaging;
  let layers: Prefetch<Layer>;
  afterEach(async () => {
    await empty();
    await store.close();
  });
  // After that, because what is registered first runs first.
  const directory = temporaryDirectory();

  beforeEach(async () => {
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native: loadNative() });
    staging = new LayerStaging(store);
    layers = prefetchLayers(staging);
  });

  async function empty(): Promise<void> {
    await layers.reset();
    await staging.empty();
  }

  function take(): Layer | null {
    const layer = layers.tryTake();
    if (layer !== null) staging.take(layer);
    return layer;
  }

  const ids = () => layers.items().map(({ id }) => id);
  /** All that can be taken once they have been made. */
  const made = (count: number) => until('layers', () => ids().length === count && ids());
  const staged = () => readdirSync(store.stagingPath).map((name) => join(store.stagingPath, name));

  /** Takes a prefetched layer, where there was none before. */
  async function takeMade(): Promise<Layer> {
    take();
    take();
    await made(16);
    const layer = take();
    if (layer === null) throw new Error('there is none');
    return layer;
  }

  function place({ id, stagingDirectory }: Layer): void {
    store.native.change(moveLayer(store, id, { stagingDirectory, mounted: false }, rootAttributes(undefined)));
  }

  it('are made from the second request on, each with its mount point, and with nothing else beside them', async () => {
    expect(take()).to.equal(null);
    expect(ids()).to.deep.equal([]);
    expect(take()).to.equal(null);
    const all = await made(16);
    const [path = ''] = staged();
    expect(readdirSync(path)).to.have.members(all);
    for (const id of all) {
      const modes = readdirSync(join(path, id)).map((name) => [name, statSync(join(path, id, name)).mode & 0o777]);
      expect(Object.fromEntries(modes)).to.deep.equal({ diff: 0o755, work: 0o700, mnt: 0o700 });
    }
  });

  it('are moved without any directory being made', async () => {
    const { id, stagingDirectory } = await takeMade();
    const changes = moveLayer(store, id, { stagingDirectory, mounted: false }, rootAttributes(undefined));
    expect([...new Set(changes.map(([kind]) => kind))]).to.deep.equal(['rename']);
    store.native.change(changes);
    expect(readdirSync(store.layerPath(id))).to.have.members(['diff', 'work']);
    expect(readdirSync(store.mountPoint(id))).to.deep.equal([]);
  });

  it('get the attributes of an image on the way, unless a union shows them already', async () => {
    const { id, stagingDirectory } = await takeMade();
    const root = { mode: 0o1777, uid: 1, gid: 2 };
    expect(moveLayer(store, id, { stagingDirectory, mounted: true }, root).map(([kind]) => kind)).not.to.include(
      'attributes',
    );
    store.native.change(moveLayer(store, id, { stagingDirectory, mounted: false }, root));
    const { mode, uid, gid } = statSync(store.diffPath(id));
    expect([mode & 0o7777, uid, gid]).to.deep.equal([0o1777, 1, 2]);
  });

  it('are more where so many are taken at once that none is left', async () => {
    take();
    take();
    await made(16);
    while (take() !== null);
    await made(32);
    expect(new Set(ids()).size).to.equal(32);
  });

  it('are put back where they were not used', async () => {
    const layer = await takeMade();
    expect(staging.isOpen(layer)).to.equal(true);
    staging.release(layer.id);
    layers.putBack(layer);
    expect(ids()).to.include(layer.id);
    await empty();
    expect(staging.isOpen(layer)).to.equal(false);
  });

  it('are gone when all is emptied, and others are made after that', async () => {
    await takeMade().then(place);
    await empty();
    expect(staged()).to.deep.equal([]);
    place(await takeMade());
    await empty();
    expect(staged()).to.deep.equal([]);
  });

  it('can still be moved when all is emptied meanwhile, as often as that is, and leave nothing', async () => {
    const first = await takeMade();
    await empty();
    const second = await takeMade();
    await empty();
    expect(staged()).to.have.members([first.stagingDirectory, second.stagingDirectory]);
    for (const layer of [first, second]) {
      place(layer);
      staging.release(layer.id);
      expect(existsSync(store.diffPath(layer.id))).to.equal(true);
    }
    await staging.empty();
    expect(staged()).to.deep.equal([]);
  });
});
