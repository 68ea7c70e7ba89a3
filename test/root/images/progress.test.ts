import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OnProgress, Progress } from '../../../ts/images/progress.ts';
import { makeTree, TestStore, tar } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

describe('the progress of an operation on images', () => {
  requires('privilege', 'addon', 'archive', 'overlay');
  const directory = temporaryDirectory();
  let test: TestStore;
  let archive: string;
  let events: Progress[];
  const onProgress: OnProgress = (progress) => events.push(progress);

  beforeEach(async () => {
    events = [];
    test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n', a: 'b' });
    archive = tar(tree, join(directory(), 'tree.tar'), '--owner=0', '--group=0');
  });

  /** The last event of each stage and layer: how many come before depends on the machine. */
  const last = () => [...new Map(events.map((event) => [`${event.stage} ${event.layer}`, event])).values()];
  const sizeOf = async (path: string) => (await stat(path)).size;

  it('of an import ends with all bytes of the archive, compressed as it is', async () => {
    execFileSync('gzip', ['--keep', archive]);
    await test.import(`${archive}.gz`, { onProgress });
    const bytes = await sizeOf(`${archive}.gz`);
    expect(last()).to.deep.equal([{ stage: 'unpack', bytes, totalBytes: bytes }]);
  });

  it('of a load is that of the archive, then that of each of its layers', async () => {
    await test.import(archive, { reference: 'base' });
    await test.commit('base', 'two', async (upper) => writeFile(join(upper, 'new'), 'new'));
    for (const format of ['docker-archive', 'oci-archive'] as const) {
      const path = join(directory(), format);
      await test.save(['two'], path, format);
      const { layers } = await test.images.inspect('two');
      const second = await TestStore.open(directory(), `second-${format}`);
      events = [];
      await second.load(path, { onProgress });
      const bytes = await sizeOf(path);
      expect(last()).to.deep.equal([
        { stage: 'read', bytes, totalBytes: bytes },
        ...layers.map(({ diffId, size }) => ({ stage: 'unpack', layer: diffId, bytes: size, totalBytes: size })),
      ]);
    }
  });

  it('of a save ends with the bytes that are written, of a commit with those of the layer', async () => {
    await test.import(archive, { reference: 'base' });
    const path = join(directory(), 'saved.tar');
    await test.save(['base'], path, 'docker-archive', onProgress);
    const bytes = await sizeOf(path);
    expect(last()).to.deep.equal([{ stage: 'pack', bytes, totalBytes: bytes }]);
    events = [];
    const upper = await makeTree(join(directory(), 'upper'), { new: 'new' });
    await chmod(upper, 0o755);
    const id = await test.images.commit({ upper, marks: 'trusted', base: await test.resolve('base'), onProgress });
    const { size = 0 } = (await test.images.inspect(id)).layers.at(-1) ?? {};
    expect(last()).to.deep.equal([{ stage: 'pack', bytes: size, totalBytes: size }]);
  });

  /** Imports what comes through a pipe, and feeds it until `done`. Resolves to the result or the error. */
  async function importPipe(onProgress: OnProgress, done: () => boolean): Promise<unknown> {
    const pipe = join(directory(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const both = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const source = openSync(pipe, 'r');
    const result = test.images.import({ source, onProgress }).catch((error: unknown) => error);
    execFileSync('truncate', ['--size=100M', join(directory(), 'tree/big')]);
    const rest = await readFile(tar(join(directory(), 'tree'), join(directory(), 'big.tar')));
    let at = 0;
    await until('the progress is told', () => {
      if (!done()) at += writeSome(both, rest.subarray(at, at + 4096));
      return done();
    });
    closeSync(both);
    const value = await result;
    closeSync(source);
    return value;
  }

  it('of a pipe has no total before the end', async () => {
    const error = await importPipe(onProgress, () => events.length > 1);
    // The pipe was closed early.
    expect(error).to.include({ code: 'ORLOP_E_ARCHIVE' });
    expect(events.map(({ totalBytes }) => totalBytes)).to.deep.equal(events.map(() => undefined));
    const counts = events.map(({ bytes }) => bytes);
    expect(counts).to.deep.equal([...new Set(counts)].sort((a, b) => a - b));
  });

  it('ends the operation by what its function throws, and nothing is left', async () => {
    const enough = new Error('enough');
    let calls = 0;
    const thrown = await importPipe(
      () => {
        calls++;
        throw enough;
      },
      () => calls > 0,
    );
    expect(thrown).to.equal(enough);
    expect(calls).to.equal(1);
    const atEnd = await test
      .import(archive, {
        onProgress: () => {
          throw enough;
        },
      })
      .catch((error: unknown) => error);
    expect(atEnd).to.equal(enough);
    expect((await test.images.list()).images).to.deep.equal([]);
    expect(await readdir(join(test.store.root, 'layers'))).to.deep.equal([]);
    expect(await readdir(join(test.store.root, 'staging'))).to.deep.equal([]);
  });
});

/** Writes what fits into a pipe; returns the number of bytes. */
function writeSome(pipe: number, bytes: Uint8Array): number {
  try {
    return writeSync(pipe, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return 0;
  }
}
