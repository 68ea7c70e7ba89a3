import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Change } from '../../../ts/native/contract.ts';
import { withSpareSpace } from '../../../ts/record/quota.ts';
import { newId } from '../../../ts/store/id.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { record, request } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the space for a start beyond the quota of a layer', () => {
  const directory = temporaryDirectory();
  let store: Store;
  let bounds: Change[];
  const one = record(newId(), { request: request({ limits: { disk: 4 << 20 } }) });

  beforeEach(async () => {
    bounds = [];
    const native = fakeNative({
      changeLater: async (changes) => {
        bounds.push(...changes);
      },
    });
    store = await Store.open({ root: join(directory(), 'root'), run: join(directory(), 'run'), native });
    mkdirSync(store.layerPath(one.layer), { recursive: true });
  });

  const limitOf = (bytes: number) => ['limit', store.layerPath(one.layer), `${bytes} ${bytes / 4096 + 256}`];

  it('is taken back after the start, also after one that failed', async () => {
    expect(await withSpareSpace(store, { record: one, durability: 'durable' }, async () => 'started')).to.equal(
      'started',
    );
    expect(bounds).to.deep.equal([limitOf(5 << 20), limitOf(4 << 20)]);
    const error = await withSpareSpace(store, { record: one, durability: 'durable' }, () =>
      Promise.reject(new Error('no')),
    ).catch((reason) => reason);
    expect(error).to.have.property('message', 'no');
    expect(bounds).to.have.length(4);
  });

  it('is not given to an ephemeral one, which starts once', async () => {
    await withSpareSpace(store, { record: one, durability: 'ephemeral' }, async () => 'started');
    expect(bounds).to.deep.equal([]);
  });

  it('is left alone where the container has ended and gone already', async () => {
    const started = await withSpareSpace(store, { record: one, durability: 'durable' }, async () => {
      rmSync(store.layerPath(one.layer), { recursive: true });
      return 'ended';
    });
    expect(started).to.equal('ended');
    expect(bounds).to.deep.equal([limitOf(5 << 20)]);
    expect(existsSync(store.lockFile('container', one.id))).to.equal(false);
  });
});
