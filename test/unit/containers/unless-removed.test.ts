import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { diffContainer } from '../../../ts/containers/layer-reads.ts';
import type { Runtime } from '../../../ts/containers/runtime.ts';
import { unlessRemoved } from '../../../ts/containers/unless-removed.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import type { StoredContainer } from '../../../ts/record/schema.ts';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { addContainer, record } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('reading the layer of a container', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let containers: ContainerStore;
  let container: StoredContainer;

  beforeEach(async () => {
    const native = fakeNative();
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    containers = new ContainerStore(store);
    container = await addContainer(store, containers, record(newId()), 'durable');
  });

  const diff = () => {
    const images = { resolve: async () => ({ value: { layers: [] } }) };
    const runtime = { store, containers, native: store.native, images } as unknown as Runtime;
    return unlessRemoved(runtime, container, () => diffContainer(runtime, container));
  };

  it('tells of a container that was removed meanwhile', async () => {
    await containers.remove(container.record.id);
    expect(await diff().catch(errorCode)).to.equal('ORLOP_E_NO_CONTAINER');
  });

  it('waits for a removal that has taken the layer, and not yet the record', async () => {
    await using removal = await store.lock('container', container.record.id, 'exclusive');
    await rm(store.layerPath(container.record.layer), { recursive: true });
    const reading = diff().catch(errorCode);
    const early = await Promise.race([reading, new Promise((resolve) => setImmediate(resolve, 'waits'))]);
    expect(early).to.equal('waits');
    await rm(join(store.containersPath, container.record.id), { recursive: true });
    await removal.release();
    expect(await reading).to.equal('ORLOP_E_NO_CONTAINER');
  });

  it('says what went wrong with a container that is there', async () => {
    await rm(store.layerPath(container.record.layer), { recursive: true });
    expect(await diff().catch(errorCode)).to.equal('ENOENT');
  });
});
