import { join } from 'node:path';
import { expect } from 'chai';
import { hexOf } from '../../../ts/images/digest.ts';
import type { Change } from '../../../ts/native/contract.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { makeTree, TestStore, tar } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the checks that an image is as it was resolved', () => {
  requires('privilege', 'addon', 'archive', 'overlay');
  const directory = temporaryDirectory();
  let test: TestStore;
  let archive: string;
  const bring = (store: TestStore) => store.import(archive, { reference: 'one:1', created: 0 });

  beforeEach(async () => {
    test = await TestStore.open(directory());
    archive = tar(await makeTree(join(directory(), 'tree'), { file: 'content' }), join(directory(), 'tree.tar'));
    await bring(test);
  });

  /** What the launching thread finds when it makes them; null where they hold. */
  function failure(checks: readonly Change[]): string | null {
    try {
      test.store.native.change(checks);
      return null;
    } catch (error) {
      return errorCode(error) ?? String(error);
    }
  }

  it('begin with the lock on all images, and are about its name and its record', async () => {
    const { store, images } = test;
    const { value, checks } = await images.resolve('one:1');
    const pairs = (of: readonly Change[]) => of.map(([kind, path]) => [kind, path]);
    const lock = ['share', store.lockFile('image', 'records')];
    const record = ['same', join(store.imagesPath, `${hexOf(value.id as `sha256:${string}`)}.json`)];
    expect(pairs((await images.resolve(value.id)).checks)).to.deep.equal([lock, record]);
    const byName = pairs(checks);
    expect(byName).to.have.length(3);
    expect([byName[0], byName[2]]).to.deep.equal([lock, record]);
    expect(byName[1]?.[1]).to.match(new RegExp(`^${store.tagsPath}/`));
    expect(failure(checks)).to.equal(null);
  });

  it('hold for a name and a whole ID the next time too, not for part of an ID, nor for the host', async () => {
    const { id } = await test.resolve('one:1');
    const repeatable = async (name: string) => (await test.images.resolve(name)).repeatable;
    expect(await repeatable('one:1')).to.equal(true);
    expect(await repeatable(id)).to.equal(true);
    expect(await repeatable(hexOf(id as `sha256:${string}`).slice(0, 12))).to.equal(false);
    expect(await repeatable('host')).to.equal(false);
  });

  it('fail for one that was removed and brought again, although all is called as before', async () => {
    const before = await test.images.resolve('one:1');
    const other = await TestStore.open(directory());
    await other.images.remove('one:1', { usedBy: async () => [] });
    expect(failure(before.checks)).to.be.oneOf(['ENOENT', 'ESTALE']);
    await bring(other);
    const now = await test.images.resolve('one:1');
    expect([now.value.id, now.value.layers]).to.deep.equal([before.value.id, before.value.layers]);
    expect(now.value.generation).not.to.equal(before.value.generation);
    expect(failure(now.checks)).to.equal(null);
    expect(failure(before.checks)).to.equal('ESTALE');
  });

  it('fail where the name is that of another image, and while another changes images', async () => {
    const { checks } = await test.images.resolve('one:1');
    const other = tar(await makeTree(join(directory(), 'other'), { file: 'other' }), join(directory(), 'other.tar'));
    await test.import(other, { reference: 'other:1' });
    expect(failure(checks)).to.equal(null);
    await test.images.tag('other:1', 'one:1');
    expect(failure(checks)).to.equal('ESTALE');
    const now = await test.images.resolve('one:1');
    await using _changing = await test.store.lock('image', 'records', 'exclusive');
    expect(failure(now.checks)).to.be.oneOf(['EWOULDBLOCK', 'EAGAIN']);
  });
});
