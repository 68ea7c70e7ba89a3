import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { occupyRunDirectory } from '../../../ts/store/run-directory.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the run directory of a store', () => {
  const directory = temporaryDirectory();
  const native = fakeNative();
  const root = (name: string): string => join(directory(), 'stores', name);
  const run = (name: string): string => join(directory(), 'run', name);

  /** Opens a store; the function closes it. */
  async function open(name: string): Promise<() => Promise<void>> {
    await mkdir(root(name), { recursive: true });
    await mkdir(join(run(name), 'containers'), { recursive: true });
    const lock = await occupyRunDirectory(native, run(name), root(name));
    return () => lock.release();
  }

  it('says whose it is', async () => {
    const close = await open('a');
    expect(await readlink(join(run('a'), 'root'))).to.equal(root('a'));
    await close();
  });

  it('is removed by the next new store when its own is closed and gone', async () => {
    await (await open('a'))();
    await rm(root('a'), { recursive: true });
    const close = await open('b');
    expect(await readdir(join(directory(), 'run'))).to.deep.equal(['b']);
    await close();
  });

  it('stays while its store is there, or open, or has containers', async () => {
    await (await open('there'))();
    const closeOpen = await open('open');
    await (await open('full'))();
    await mkdir(join(run('full'), 'containers', 'c'));
    for (const name of ['open', 'full']) await rm(root(name), { recursive: true });
    await (await open('next'))();
    for (const name of ['there', 'open', 'full'])
      expect(existsSync(join(run(name), 'containers')), name).to.equal(true);
    await closeOpen();
    await (await open('one more'))();
    expect(existsSync(run('open'))).to.equal(false);
  });

  it('is taken into use again when its store comes back', async () => {
    await (await open('a'))();
    await rm(root('a'), { recursive: true });
    const close = await open('a');
    await (await open('b'))();
    expect(existsSync(join(run('a'), 'containers'))).to.equal(true);
    await close();
  });

  it('stays where its store comes back just before its removal', async () => {
    await (await open('a'))();
    await rm(root('a'), { recursive: true });
    const locks = fakeNative();
    const native = fakeNative({
      tryLock: (file, mode) => {
        if (mode === 'exclusive') mkdirSync(root('a'), { recursive: true });
        return locks.tryLock(file, mode);
      },
    });
    await mkdir(root('b'), { recursive: true });
    await (await occupyRunDirectory(native, run('b'), root('b'))).release();
    expect(existsSync(root('a')), 'it came back').to.equal(true);
    expect(existsSync(join(run('a'), 'containers'))).to.equal(true);
  });

  it('goes a few at a time', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `s${at}`);
    for (const name of names) await (await open(name))();
    await rm(join(directory(), 'stores'), { recursive: true });
    await (await open('next'))();
    const left = (await readdir(join(directory(), 'run'))).length - 1;
    expect(left).to.be.within(40 - 16, 40 - 15);
  });
});
