import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { closeRuntime, openRuntime } from '../../../ts/api/open.ts';
import { hexOf } from '../../../ts/images/digest.ts';
import { ContainerStore } from '../../../ts/record/container-store.ts';
import { newId } from '../../../ts/store/id.ts';
import { makeTree, TestStore, tar } from '../../support/images.ts';
import { addContainer, record } from '../../support/records.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const child = new URL('../../support/import-child.ts', import.meta.url).pathname;

describe('an import that is killed', () => {
  requires('privilege', 'addon', 'archive');
  const directory = temporaryDirectory();

  it('while it unpacks leaves a store that the next command cleans and uses', async () => {
    const test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), { a: 'a'.repeat(300_000), b: 'b'.repeat(300_000) });
    const archive = tar(tree, join(directory(), 'tree.tar'));
    const bytes = await readFile(archive);

    const { root, run } = test.store;
    const importer = spawn(process.execPath, ['--import=tsx', child, root, run], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    importer.stdin.on('error', () => {});
    importer.stdin.write(bytes.subarray(0, 400_000));
    // A layer in the making: its directory has the first file.
    await until('the first file is unpacked', async () => {
      const names = await readdir(test.store.stagingPath, { recursive: true });
      return names.some((name) => name.endsWith('/diff/a') || name.endsWith('/diff/b'));
    });
    importer.kill('SIGKILL');
    await once(importer, 'exit');
    importer.stdin.destroy();

    // Opening the store removes what the dead one left, as soon as its unpacking process has ended with it.
    await until('nothing is left', async () => {
      const again = await TestStore.open(directory());
      return (await readdir(again.store.stagingPath)).length === 0;
    });
    expect((await test.images.list()).images).to.deep.equal([]);
    expect(await readdir(join(test.store.blobsPath, 'sha256'))).to.deep.equal([]);
    const id = await test.import(archive, { reference: 'after:1' });
    expect((await test.resolve('after:1')).id).to.equal(id);
  });

  it('before its image has a record leaves neither content nor files that were being written', async () => {
    const test = await TestStore.open(directory());
    const archive = tar(await makeTree(join(directory(), 'tree'), { a: 'a' }), join(directory(), 'tree.tar'));
    const { root, run, imagesPath, tagsPath } = test.store;
    const blobs = join(test.store.blobsPath, 'sha256');
    const hold = await test.images.hold();
    const importer = spawn(process.execPath, ['--import=tsx', child, root, run], {
      stdio: [openSync(archive, 'r'), 'ignore', 'inherit'],
    });
    await until('its content is in place, and it waits', async () => (await readdir(blobs)).length > 0);
    importer.kill('SIGKILL');
    await once(importer, 'exit');
    await hold.release();
    for (const path of [root, imagesPath, tagsPath]) {
      const name = path === root ? 'index.json' : `${'0'.repeat(64)}.json`;
      await writeFile(join(path, `${name}.0123456789ab.tmp`), '{');
    }
    await until('nothing is left', async () => {
      await closeRuntime(await openRuntime({ root, run }, 'command'));
      return (await readdir(blobs)).length === 0;
    });
    expect((await readdir(test.store.layersPath)).filter((name) => name !== 'mount-points')).to.deep.equal([]);
    for (const path of [root, imagesPath, tagsPath]) expect(String(await readdir(path))).not.to.contain('.tmp');
  });

  it('while it names its image leaves no image without a name, and an index with all that have one', async () => {
    const test = await TestStore.open(directory());
    const archive = tar(await makeTree(join(directory(), 'tree'), { a: 'a' }), join(directory(), 'tree.tar'));
    const { root, run, imagesPath, tagsPath } = test.store;
    const index = join(root, 'index.json');
    const recover = async () => closeRuntime(await openRuntime({ root, run }, 'command'));

    const named = await test.import(archive, { reference: 'named:1' });
    const whole = await readFile(index, 'utf8');
    // As after the record and the name, before the index.
    await writeFile(join(imagesPath, `${hexOf(named)}.new`), '');
    await writeFile(index, '{}');
    await recover();
    expect((await test.images.list()).images.map(({ references }) => references)).to.deep.equal([['named:1']]);
    expect(await readFile(index, 'utf8')).to.equal(whole);

    // As after the record, before the name.
    await writeFile(join(imagesPath, `${hexOf(named)}.new`), '');
    for (const name of await readdir(tagsPath)) await unlink(join(tagsPath, name));
    await recover();
    expect((await test.images.list()).images).to.deep.equal([]);
    expect(await readdir(imagesPath)).to.deep.equal(['tags']);
    expect(await readdir(join(test.store.blobsPath, 'sha256'))).to.deep.equal([]);

    // One that was to have no name, and one that has a user, stay.
    const nameless = await test.import(archive);
    await recover();
    expect((await test.images.list()).images.map(({ id }) => id)).to.deep.equal([nameless]);
    const used = record(newId(), { image: { reference: 'none', id: nameless } });
    await addContainer(test.store, new ContainerStore(test.store), used, 'durable');
    await writeFile(join(imagesPath, `${hexOf(nameless)}.new`), '');
    await recover();
    expect((await test.images.list()).images.map(({ id }) => id)).to.deep.equal([nameless]);
  });
});
