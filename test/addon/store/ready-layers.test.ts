import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ReadyLayers } from '../../../ts/containers/ready-layers.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { Store } from '../../../ts/store/store.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

describe('read-write layers that lie ready', () => {
  requires('root', 'addon');
  let store: Store;
  let layers: ReadyLayers;
  afterEach(async () => {
    await layers.close();
    await store.close();
  });
  // After that, because what is registered first runs first.
  const directory = temporaryDirectory();

  beforeEach(async () => {
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native: loadNative() });
    layers = new ReadyLayers(store);
  });

  /** All that lies ready once they have been made. */
  const made = (count: number) => until('layers', () => layers.ids().length === count && layers.ids());
  const staged = () => readdirSync(store.stagingPath).map((name) => join(store.stagingPath, name));

  it('are made from the second request on, each with its mount point, and with nothing else beside them', async () => {
    expect(layers.take()).to.equal(null);
    expect(layers.ids()).to.deep.equal([]);
    expect(layers.take()).to.equal(null);
    const ids = await made(16);
    const [path = ''] = staged();
    expect(readdirSync(path)).to.have.members([...ids]);
    for (const id of ids) {
      const modes = readdirSync(join(path, id)).map((name) => [name, statSync(join(path, id, name)).mode & 0o777]);
      expect(Object.fromEntries(modes)).to.deep.equal({ diff: 0o755, work: 0o700, mnt: 0o700 });
    }
  });

  it('come to their places without any directory being made', async () => {
    layers.take();
    layers.take();
    await made(16);
    const id = layers.take() ?? '';
    const kinds = new Set(layers.placement(id, undefined).map(([kind]) => kind));
    expect([...kinds]).to.deep.equal(['rename']);
    store.native.change(layers.placement(id, undefined));
    expect(readdirSync(store.layerPath(id))).to.have.members(['diff', 'work']);
    expect(readdirSync(store.mountPoint(id))).to.deep.equal([]);
  });

  it('are more where so many are taken at once that none is left', async () => {
    layers.take();
    layers.take();
    await made(16);
    while (layers.take() !== null);
    await made(32);
    expect(new Set(layers.ids()).size).to.equal(32);
  });

  it('are gone when they are closed', async () => {
    layers.take();
    layers.take();
    await made(16);
    await layers.close();
    expect(staged()).to.deep.equal([]);
  });
});
