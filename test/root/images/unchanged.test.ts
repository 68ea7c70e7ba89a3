import { join } from 'node:path';
import { expect } from 'chai';
import { hexOf } from '../../../ts/images/digest.ts';
import { makeTree, TestStore, tar } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the evidence that an image is unchanged', () => {
  requires('root', 'addon', 'archive', 'overlay');
  const directory = temporaryDirectory();
  let test: TestStore;
  let archive: string;
  const bring = (store: TestStore) => store.import(archive, { reference: 'one:1', created: 0 });

  beforeEach(async () => {
    test = await TestStore.open(directory());
    archive = tar(await makeTree(join(directory(), 'tree'), { file: 'content' }), join(directory(), 'tree.tar'));
    await bring(test);
  });

  it('begins with the lock on all images, and is about its name and its record', async () => {
    const image = await test.images.resolve('one:1');
    const { store } = test;
    const kinds = (name: string) => test.images.unchanged(name, image)?.map(([kind, path]) => [kind, path]);
    const lock = ['share', store.lockFile('image', 'records')];
    const record = ['same', join(store.imagesPath, `${hexOf(image.id as `sha256:${string}`)}.json`)];
    expect(kinds(image.id)).to.deep.equal([lock, record]);
    const byName = kinds('one:1');
    expect(byName?.length).to.equal(3);
    expect([byName?.[0], byName?.[2]]).to.deep.equal([lock, record]);
    expect(byName?.[1]?.[1]).to.match(new RegExp(`^${store.tagsPath}/`));
  });

  it('cannot be had for one that was removed and brought again, although all is called as before', async () => {
    const before = await test.images.resolve('one:1');
    const other = await TestStore.open(directory());
    await other.images.remove('one:1', { usedBy: async () => [] });
    await bring(other);
    const now = await test.images.resolve('one:1');
    expect([now.id, now.layers]).to.deep.equal([before.id, before.layers]);
    expect(test.images.unchanged('one:1', now)).to.have.length(3);
    expect(test.images.unchanged('one:1', before)).to.equal(null);
  });
});
