import { join } from 'node:path';
import { expect } from 'chai';
import { VolumeApi } from '../../../ts/api/volume-api.ts';
import type { Runtime } from '../../../ts/containers/runtime.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('volumes for a caller who writes no TypeScript', () => {
  const directory = temporaryDirectory();
  let volumes: VolumeApi;
  const create = (...given: readonly unknown[]) => volumes.create(...(given as Parameters<VolumeApi['create']>));

  beforeEach(async () => {
    const native = fakeNative();
    const store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    const containers = new ContainerStore(store);
    const runtime = { store, containers, volumes: containers.volumes } as unknown as Runtime;
    volumes = new VolumeApi(() => runtime);
  });

  it('are anonymous without a name, as with null', async () => {
    expect((await create()).anonymous).to.equal(true);
    expect((await create(null)).anonymous).to.equal(true);
    expect((await create('data')).anonymous).to.equal(false);
  });

  it('are refused with what no record could hold', async () => {
    expect((await refusal(create(5))).code).to.equal('ORLOP_E_VOLUME_NAME');
    expect((await refusal(create('data', { labels: { a: 5 } }))).message).to.include(`the label 'a' is number`);
    expect((await refusal(create('data', { labels: { '': 'x' } }))).code).to.equal('ORLOP_E_INPUT');
    expect(await volumes.list()).to.deep.equal({ items: [], damaged: [] });
  });
});
