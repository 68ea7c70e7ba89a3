import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { moveLayer, rootAttributes } from '../../../ts/record/layer.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the read-write layer of a container', () => {
  let store: Store;
  afterEach(() => store.close());
  // After that, because what is registered first runs first.
  const directory = temporaryDirectory();
  beforeEach(async () => {
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native: fakeNative() });
  });

  const inPlace = { stagingDirectory: null, mounted: false };

  it('has owner and mode of the root directory of its image', async () => {
    const image = join(directory(), 'image');
    await mkdir(image, { mode: 0o711 });
    store.native.change(moveLayer(store, 'layer', inPlace, rootAttributes(image)));
    expect((await stat(store.diffPath('layer'))).mode & 0o7777).to.equal(0o711);
  });

  it('can be searched by everybody where its image has no layer', async () => {
    store.native.change(moveLayer(store, 'layer', inPlace, rootAttributes(undefined)));
    expect((await stat(store.diffPath('layer'))).mode & 0o7777).to.equal(0o755);
  });

  it('has its mount point beside it, with nothing in it', async () => {
    store.native.change(moveLayer(store, 'layer', inPlace, rootAttributes(undefined)));
    expect(await readdir(store.layerPath('layer'))).to.have.members(['diff', 'work']);
    expect(await readdir(store.mountPoint('layer'))).to.deep.equal([]);
  });

  it('is moved from the staging directory that it was made in, without any directory being made', async () => {
    const stagingDirectory = join(directory(), 'root', 'staging', 'stagingDirectory');
    await mkdir(stagingDirectory);
    store.native.change([['layer', join(stagingDirectory, 'layer')]]);
    const changes = moveLayer(store, 'layer', { stagingDirectory, mounted: false }, rootAttributes(undefined));
    expect(changes.map(([kind]) => kind)).to.deep.equal(['rename', 'rename']);
    store.native.change(changes);
    expect(await readdir(stagingDirectory)).to.deep.equal([]);
    expect(await readdir(store.layerPath('layer'))).to.have.members(['diff', 'work']);
    expect(await readdir(store.mountPoint('layer'))).to.deep.equal([]);
  });
});
