import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { hexOf } from '../../../ts/images/digest.ts';
import type { ImageId } from '../../../ts/images/types.ts';
import { makeTree, TestStore, tar } from '../../support/images.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const unused = async (): Promise<readonly string[]> => [];

describe('removing an image', () => {
  requires('privilege', 'addon', 'archive');
  const directory = temporaryDirectory();
  let test: TestStore;
  let id: ImageId;

  beforeEach(async () => {
    test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), { file: 'content' });
    id = await test.import(tar(tree, join(directory(), 'tree.tar')), { reference: 'a:1' });
  });

  const expectEmpty = async (): Promise<void> => {
    const { store } = test;
    expect((await test.images.list()).images).to.deep.equal([]);
    expect((await readdir(store.layersPath)).filter((name) => name !== 'mount-points')).to.deep.equal([]);
    expect(await readdir(join(store.blobsPath, 'sha256'))).to.deep.equal([]);
    expect(await readdir(store.tagsPath)).to.deep.equal([]);
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
    expect(JSON.parse(await readFile(join(store.root, 'index.json'), 'utf8')).manifests).to.deep.equal([]);
  };

  it('by its last name leaves nothing of it', async () => {
    const { layers } = await test.images.inspect('a:1');
    const removed = await test.images.remove('a:1', { usedBy: unused });
    expect(removed).to.deep.equal({ untagged: ['a:1'], deleted: [id, layers[0]?.diffId] });
    await expectEmpty();
  });

  it('by one of several names takes that name only', async () => {
    await test.images.tag('a:1', 'b:2');
    expect(await test.images.remove('a:1', { usedBy: unused })).to.deep.equal({ untagged: ['a:1'], deleted: [] });
    expect((await test.resolve('b:2')).id).to.equal(id);
  });

  it('by its ID takes the only name with it; of several names only with force', async () => {
    await test.images.tag('a:1', 'b:2');
    const error = await test.images.remove(id, { usedBy: unused }).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('message').that.contains('a:1, b:2');
    const { untagged } = await test.images.remove(id, { usedBy: unused, force: true });
    expect(untagged).to.deep.equal(['a:1', 'b:2']);
    await expectEmpty();
  });

  it('that containers use is refused and names them; with force it loses its name and stays', async () => {
    const usedBy = async (of: ImageId) => (of === id ? ['web', 'db'] : []);
    const error = await test.images.remove('a:1', { usedBy }).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_IMAGE_IN_USE');
    expect(String(error)).to.contain('web, db');
    expect(await test.images.remove('a:1', { usedBy, force: true })).to.deep.equal({ untagged: ['a:1'], deleted: [] });
    expect((await test.resolve(id)).id).to.equal(id);
    await test.images.remove(id, { usedBy: unused });
    await expectEmpty();
  });

  it('waits for whoever holds the images', async () => {
    const hold = await test.images.hold();
    let done = false;
    const removing = test.images.remove('a:1', { usedBy: unused }).then(() => {
      done = true;
    });
    // What begins later waits for the removal, however often it tries: otherwise users in turn would keep it waiting.
    await until('the removal waits', () => statSync(test.store.lockFile('image', 'records')).size > 0);
    const later = test.resolve('a:1').catch((error: unknown) => error);
    expect(done).to.equal(false);
    await hold.release();
    await removing;
    expect(await later).to.include({ code: 'ORLOP_E_NO_IMAGE' });
    await expectEmpty();
  });

  it('ends its wait by its signal, and lets the next ones in', async () => {
    await using _hold = await test.images.hold();
    for (const call of ['remove', 'tag', 'import'] as const) {
      const abort = new AbortController();
      const { signal } = abort;
      const calls = {
        remove: () => test.images.remove('a:1', { usedBy: unused, signal }),
        tag: () => test.images.tag('a:1', 'b:1', { signal }),
        import: () => test.import(join(directory(), 'tree.tar'), { reference: 'c:1', signal }),
      };
      const waiting = calls[call]().catch((error: unknown) => error);
      await until(`${call} waits`, () => statSync(test.store.lockFile('image', 'records')).size > 0);
      abort.abort();
      expect(await waiting, call).to.include({ code: 'ORLOP_E_ABORTED' });
      expect((await test.resolve('a:1')).id).to.equal(id);
    }
  });

  it('leaves a read-write layer alone that stands among the layers', async () => {
    const container = 'c'.repeat(64);
    await makeTree(test.store.layersPath, { [`${container}/diff/file`]: 'mine', [`${container}/work/`]: '' });
    await test.images.remove('a:1', { usedBy: unused });
    expect(await readFile(join(test.store.diffPath(container), 'file'), 'utf8')).to.equal('mine');
  });

  it('leaves content alone that another process is adding, and the next removal takes what is left', async () => {
    const adding = await test.store.lock('image', 'content', 'shared');
    await test.images.remove('a:1', { usedBy: unused });
    expect(await readdir(join(test.store.blobsPath, 'sha256'))).to.include(hexOf(id));
    await adding.release();
    await test.import(join(directory(), 'tree.tar'), { reference: 'c:1', created: 7 });
    await test.images.remove('c:1', { usedBy: unused });
    await expectEmpty();
  });

  it('that does not exist, or the image host, is refused', async () => {
    for (const [name, code] of [
      ['b:1', 'ORLOP_E_NO_IMAGE'],
      ['f'.repeat(64), 'ORLOP_E_NO_IMAGE'],
      ['host', 'ORLOP_E_INPUT'],
      ['Bad', 'ORLOP_E_REFERENCE'],
    ] as const) {
      const error = await test.images.remove(name, { usedBy: unused }).catch((error: unknown) => error);
      expect(error, name).to.be.instanceOf(RequestError).with.property('code', code);
    }
  });
});

describe('an image', () => {
  requires('privilege', 'addon', 'archive');
  const directory = temporaryDirectory();

  it('is found by name, ID, the beginning of its ID, and its digest', async () => {
    const test = await TestStore.open(directory());
    // No name of hexadecimal digits: one could be the beginning of the ID.
    const tree = await makeTree(join(directory(), 'tree'), { file: 'content' });
    const id = await test.import(tar(tree, join(directory(), 'tree.tar')), { reference: 'zoo:1' });
    const hex = hexOf(id);
    const { manifestDigest } = await test.images.inspect('zoo:1');
    for (const name of ['zoo:1', 'docker.io/library/zoo:1', id, hex, hex.slice(0, 12), `sha256:${hex.slice(0, 5)}`]) {
      expect((await test.resolve(name)).id, name).to.equal(id);
    }
    expect((await test.resolve(`zoo@${manifestDigest}`)).id).to.equal(id);
    for (const name of ['zoo', 'zoo:2', 'yak:1', `yak@${manifestDigest}`, `zoo@${id}`]) {
      const error = await test.resolve(name).catch((error: unknown) => error);
      expect(error, name).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_NO_IMAGE');
    }
  });

  it("named host is the host's root, with the private parts to hide, and is in no list", async function () {
    requiresIn(this, 'root');
    const test = await TestStore.open(directory());
    const image = await test.resolve('host');
    expect(image).to.deep.include({ id: 'host', layers: ['/'], diffIds: [], chainId: null });
    expect(image.config.cmd).to.deep.equal(['sh']);
    expect(image.hidden).to.deep.include({ target: '/root', mode: statSync('/root').mode & 0o7777 });
    expect((await test.images.list()).images).to.deep.equal([]);
    expect((await test.images.inspect('host')).id).to.equal('host');
  });
});
