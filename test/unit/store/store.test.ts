import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { Store } from '../../../ts/store/store.ts';
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

  it('take names of any length and with slashes', async () => {
    const long = 'n'.repeat(255);
    await using _long = await store.lock('volume', long, 'exclusive');
    expect(await store.tryLock('volume', long, 'exclusive')).to.equal(null);
  });

  it('come back after the lock directory was removed', async () => {
    await rm(join(store.run, 'locks'), { recursive: true });
    await using _lock = await store.lock('store', 'all', 'exclusive');
    expect(await readdir(join(store.run, 'locks', 'store'))).to.deep.equal(['all.lock']);
    expect(await store.tryLock('store', 'all', 'shared')).to.equal(null);
  });
});
