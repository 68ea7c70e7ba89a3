import { existsSync, unlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { newId } from '../../../ts/store/id.ts';
import { tryLock } from '../../../ts/store/lock.ts';
import { Store } from '../../../ts/store/store.ts';
import { errorCode } from '../../../ts/store/system-error.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof RequestError ? error.code : String(error)),
  );
}

describe('the store', () => {
  const directory = temporaryDirectory();
  const native = fakeNative();
  const at = (name: string): { root: string; run: string; native: typeof native } => ({
    root: join(directory(), name),
    run: join(directory(), `${name}-run`),
    native,
  });

  it('is made private, and opened again as it is', async () => {
    const store = await Store.open(at('new'));
    for (const path of [store.root, store.run, store.layersPath, store.volumesPath, store.ephemeralPath]) {
      expect((await lstat(path)).mode & 0o777, path).to.equal(0o700);
    }
    const again = await Store.open(at('new'));
    expect(again.root).to.equal(store.root);
  });

  it('closes an empty directory and refuses a full one that others may enter', async () => {
    const { root } = at('open');
    await mkdir(root, { mode: 0o755 });
    await Store.open(at('open'));
    expect((await lstat(root)).mode & 0o777).to.equal(0o700);
    await chmod(root, 0o755);
    expect(await codeOf(Store.open(at('open')))).to.equal('ORLOP_E_STORE');
  });

  it('refuses a symlink, a file and a path with NUL', async () => {
    await symlink(directory(), at('link').root);
    await writeFile(at('file').root, '');
    expect(await codeOf(Store.open(at('link')))).to.equal('ORLOP_E_STORE');
    expect(await codeOf(Store.open(at('file')))).to.equal('ORLOP_E_STORE');
    expect(await codeOf(Store.open({ ...at('x'), root: '/tmp/a\0b' }))).to.equal('ORLOP_E_STORE');
  });

  it('builds a directory under a temporary name and moves it into place', async () => {
    const store = await Store.open(at('stage'));
    const staging = await store.stage();
    await writeFile(join(staging.path, 'f'), 'x');
    expect(await staging.commit(store.layerPath('a'), { durable: true })).to.equal(true);
    expect(await readdir(store.layerPath('a'))).to.deep.equal(['f']);
    const second = await store.stage();
    await writeFile(join(second.path, 'f'), 'y');
    expect(await second.commit(store.layerPath('a'), { durable: false })).to.equal(false);
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
    expect(await readdir(join(store.run, 'locks', 'staging'))).to.deep.equal([]);
  });

  it('keeps a directory that it cannot move into place: no other process sweeps it', async () => {
    const store = await Store.open(at('keep'));
    const staging = await store.stage();
    const nowhere = join(directory(), 'no', 'where');
    expect(await staging.commit(nowhere, { durable: false }).catch(errorCode)).to.equal('ENOENT');
    await Store.open(at('keep'));
    expect(await readdir(store.stagingPath)).to.deep.equal([basename(staging.path)]);
    await staging.discard();
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
  });

  it('removes a staging directory that was not committed', async () => {
    const store = await Store.open(at('discard'));
    {
      await using staging = await store.stage();
      await writeFile(join(staging.path, 'f'), 'x');
    }
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
  });

  it('removes trees, and does not mind one that is gone', async () => {
    const store = await Store.open(at('remove'));
    await mkdir(join(store.layerPath('l'), 'diff'), { recursive: true });
    await store.remove(store.layerPath('l'));
    await store.remove(store.layerPath('l'));
    expect(await readdir(store.layersPath)).to.deep.equal([]);
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
  });

  it('removes what it was given one at a time, and is settled when all is gone', async () => {
    const fake = fakeNative();
    let [running, most] = [0, 0];
    const removeTree: typeof fake.removeTree = async (...given) => {
      most = Math.max(most, ++running);
      await fake.removeTree(...given);
      running--;
    };
    const store = await Store.open({ ...at('one'), native: fakeNative({ removeTree }) });
    for (const name of ['a', 'b', 'c']) await mkdir(join(store.layerPath(name), 'diff'), { recursive: true });
    for (const name of ['a', 'b', 'c', 'none']) await store.discard(store.layerPath(name));
    expect(await readdir(store.layersPath)).to.deep.equal([]);
    await store.settle();
    expect([running, most]).to.deep.equal([0, 1]);
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
  });

  it('says what it cannot move away for its removal', async () => {
    const store = await Store.open(at('stuck'));
    await mkdir(store.layerPath('l'));
    await store.discard(store.layerPath('none'));
    // Nothing can be renamed to where there is no directory.
    await rm(store.trash() ?? '', { recursive: true });
    expect(await store.discard(store.layerPath('l')).catch(errorCode)).to.equal('ENOENT');
  });

  it('leaves nothing in the place of a tree that was removed in part', async () => {
    const failing = fakeNative({ removeTree: () => Promise.reject(new Error('killed')) });
    const store = await Store.open({ ...at('part'), native: failing });
    await mkdir(join(store.layerPath('l'), 'diff'), { recursive: true });
    expect(await codeOf(store.remove(store.layerPath('l')))).to.equal('Error: killed');
    expect(await readdir(store.layersPath)).to.deep.equal([]);
    expect(await readdir(store.stagingPath)).to.have.length(1);
    await Store.open(at('part'));
    expect(await readdir(store.stagingPath)).to.deep.equal([]);
  });

  it('sweeps the lock of a process that died before it made its directory', async () => {
    const store = await Store.open(at('early'));
    const locks = join(store.run, 'locks', 'staging');
    await mkdir(locks, { recursive: true });
    await writeFile(join(locks, `${newId()}.lock`), '');
    await Store.open(at('early'));
    expect(await readdir(locks)).to.deep.equal([]);
  });

  it('sweeps what a dead process left, and leaves alone what a live one builds', async () => {
    const store = await Store.open(at('sweep'));
    const live = await store.stage();
    await mkdir(join(store.stagingPath, 'dead', 'below'), { recursive: true });
    await Store.open(at('sweep'));
    expect(await readdir(store.stagingPath)).to.deep.equal([live.path.split('/').at(-1)]);
    await live.discard();
  });
});

describe('locks', () => {
  const directory = temporaryDirectory();
  let store: Store;
  beforeEach(async () => {
    store = await Store.open({ root: join(directory(), 's'), run: join(directory(), 'r'), native: fakeNative() });
  });

  it('let many share and one exclude', async () => {
    await using _one = await store.lock('volume', 'v', 'shared');
    await using _two = await store.lock('volume', 'v', 'shared');
    expect(await store.tryLock('volume', 'v', 'exclusive')).to.equal(null);
    await using _other = await store.lock('volume', 'w', 'exclusive');
    await using _image = await store.lock('image', 'v', 'exclusive');
  });

  it('are waited for, in turn', async () => {
    const order: string[] = [];
    const first = await store.lock('image', 'docker.io/library/a:1', 'exclusive');
    const second = store.lock('image', 'docker.io/library/a:1', 'exclusive').then(async (lock) => {
      order.push('second');
      await lock.release();
    });
    // One that need not wait would have come by then.
    await new Promise((resolve) => setImmediate(resolve));
    order.push('first');
    await first.release();
    await second;
    expect(order).to.deep.equal(['first', 'second']);
  });

  it('end waiting at the time limit and by a signal', async () => {
    await using _held = await store.lock('container', 'c', 'exclusive');
    expect(await codeOf(store.lock('container', 'c', 'shared', { timeoutMs: 0 }))).to.equal('ORLOP_E_TIMEOUT');
    expect(await codeOf(store.lock('container', 'c', 'shared', { timeoutMs: 5 }))).to.equal('ORLOP_E_TIMEOUT');
    const abort = new AbortController();
    const waiting = codeOf(store.lock('container', 'c', 'shared', { signal: abort.signal }));
    abort.abort();
    expect(await waiting).to.equal('ORLOP_E_ABORTED');
  });

  it('let one that waits to write go before those who share, and keep nothing of one that was killed', async () => {
    const share = () => store.tryLock('image', 'i', 'shared');
    const first = await share();
    const abort = new AbortController();
    const waiting = store.lockToWrite('image', 'i', { signal: abort.signal });
    await until('it waits', async () => (await lstat(store.lockFile('image', 'i'))).size > 0);
    expect(await share()).to.equal(null);
    const second = store.lockToWrite('image', 'i');
    await first?.release();
    const writing = await waiting;
    expect(await share()).to.equal(null);
    await writing.release();
    await (await second).release();
    const aborted = new AbortController();
    const held = await share();
    const ended = codeOf(store.lockToWrite('image', 'i', { signal: aborted.signal }));
    aborted.abort();
    expect(await ended).to.equal('ORLOP_E_ABORTED');
    // A killed process leaves the byte, and no lock.
    await writeFile(store.lockFile('image', 'i'), '1');
    const other = await share();
    expect(other).not.to.equal(null);
    expect(await readFile(store.lockFile('image', 'i'), 'utf8')).to.equal('');
    for (const lock of [held, other]) await lock?.release();
  });

  it('that are retired leave no file, and whoever waited for the old file gets the new one', async () => {
    const path = join(store.run, 'locks', 'volume');
    const first = await store.lock('volume', 'gone', 'exclusive');
    const waiting = store.lock('volume', 'gone', 'exclusive');
    await first.retire();
    const second = await waiting;
    expect(await store.tryLock('volume', 'gone', 'exclusive')).to.equal(null);
    await second.retire();
    expect(await readdir(path)).not.to.include('gone.lock');
  });

  it('that another process retires between the look at the file and the lock are taken anew', async () => {
    const path = store.lockFile('volume', 'gone');
    const taken = fakeNative();
    let retired = false;
    const native = fakeNative({
      tryLock: (file, mode) => {
        if (!retired) unlinkSync(path);
        retired = true;
        return taken.tryLock(file, mode);
      },
    });
    const lock = tryLock(native, path, 'exclusive');
    expect(existsSync(path)).to.equal(true);
    expect(tryLock(taken, path, 'exclusive'), 'of the file that is there').to.equal(null);
    lock?.releaseSync();
  });

  it('that are shared are not retired: whoever shares one with the caller still excludes others', async () => {
    const [one, other] = [await store.lock('volume', 'v', 'shared'), await store.lock('volume', 'v', 'shared')];
    await one.retire();
    expect(await store.tryLock('volume', 'v', 'exclusive')).to.equal(null);
    await other.release();
  });

  it('are shared while another reader looks whether a writer waits', async () => {
    const path = store.lockFile('image', 'i');
    await (await store.lock('image', 'i', 'shared')).release();
    await writeFile(path, '1');
    const looking = tryLock(store.native, `${path}.gate`, 'shared');
    const lock = await store.tryLock('image', 'i', 'shared');
    expect(lock).not.to.equal(null);
    for (const held of [looking, lock]) held?.releaseSync();
  });

  it('take names of any length and with slashes', async () => {
    for (const length of [200, 201, 241, 248, 255]) {
      const long = 'n'.repeat(length);
      await using _long = await store.lockToWrite('volume', long);
      expect(await store.tryLock('volume', long, 'exclusive')).to.equal(null);
    }
  });

  it('come back after the lock directory was removed', async () => {
    await rm(join(store.run, 'locks'), { recursive: true });
    await using _lock = await store.lock('store', 'all', 'exclusive');
    expect(await readdir(join(store.run, 'locks', 'store'))).to.deep.equal(['all.lock']);
    expect(await store.tryLock('store', 'all', 'shared')).to.equal(null);
  });
});
