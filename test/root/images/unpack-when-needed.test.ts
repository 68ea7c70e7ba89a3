import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { chainIds, hexOf } from '../../../ts/images/digest.ts';
import { makeTree, TestStore, tar, withView } from '../../support/images.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the layer of a committed image', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'setfattr');
  const directory = temporaryDirectory();
  let test: TestStore;
  /** Its directory, and its archive. */
  let place: string;
  let blob: string;

  beforeEach(async () => {
    test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), { keep: 'keep', gone: 'gone' });
    await test.import(tar(tree, join(directory(), 'tree.tar')), { reference: 'base:1' });
    await test.commit('base:1', 'next:1', async (upper) => {
      await makeTree(upper, { 'new/file': 'content' });
      execFileSync('mknod', [join(upper, 'gone'), 'c', '0', '0']);
    });
    const { diffIds, layers } = await test.images.inspect('next:1');
    place = test.store.layerPath(hexOf(chainIds(diffIds)[1] ?? 'sha256:'));
    blob = test.store.blobPath(hexOf(layers[1]?.digest ?? 'sha256:'));
  });

  const failure = () => test.resolve('next:1').catch((error: unknown) => error);
  const layers = () => readdir(test.store.layersPath);

  it('is only its archive until the image is needed, and then complete', async () => {
    expect(await layers()).to.not.include(place.split('/').at(-1));
    const image = await test.resolve('next:1');
    expect(image.layers[0]).to.equal(join(place, 'diff'));
    await withView(test, image, async (path) => {
      expect(await readFile(join(path, 'new/file'), 'utf8')).to.equal('content');
      expect(await readdir(path))
        .to.include('keep')
        .and.not.include('gone');
    });
    expect(await readdir(test.store.stagingPath)).to.deep.equal([]);
  });

  it('takes its place on the disk twice when it is unpacked, as the other layer does at once', async () => {
    const [below, own] = [statSync(join(directory(), 'tree.tar')).size, statSync(blob).size];
    const usages = async () => {
      const { images } = await test.images.list();
      return Object.fromEntries(images.map(({ references, diskUsage }) => [references[0], diskUsage]));
    };
    expect(await usages()).to.deep.equal({ 'base:1': 2 * below, 'next:1': 2 * below + own });
    await test.resolve('next:1');
    expect(await usages()).to.deep.equal({ 'base:1': 2 * below, 'next:1': 2 * below + 2 * own });
    expect(await test.images.inspect('next:1')).to.include({ size: below + own, diskUsage: 2 * (below + own) });
    writeFileSync(join(place, 'layer.json'), 'damaged');
    expect(await usages()).to.deep.equal({ 'base:1': 2 * below, 'next:1': 2 * below + own });
  });

  it('is complete for all that need it at the same time, in this program and in others', async () => {
    const other = await TestStore.open(directory());
    const names = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? test : other));
    const images = await Promise.all(names.map((store) => store.resolve('next:1')));
    expect(new Set(images.map((image) => image.layers[0]))).to.deep.equal(new Set([join(place, 'diff')]));
    expect(readFileSync(join(place, 'diff/new/file'), 'utf8')).to.equal('content');
    expect(await readdir(test.store.stagingPath)).to.deep.equal([]);
  });

  it('comes back from the archive when a crash has lost its directory', async () => {
    await test.resolve('next:1');
    rmSync(place, { recursive: true });
    const again = await TestStore.open(directory());
    await again.resolve('next:1');
    expect(readFileSync(join(place, 'diff/new/file'), 'utf8')).to.equal('content');
  });

  it('is below the next commit, and both are unpacked when that image is needed', async () => {
    const base = await test.resolve('next:1');
    const upper = await makeTree(join(directory(), 'upper'), { top: 'top' });
    await test.images.commit({ upper, marks: 'trusted', base, reference: 'last:1' });
    rmSync(place, { recursive: true });
    const again = await TestStore.open(directory());
    await withView(again, await again.resolve('last:1'), async (path) => {
      expect(await readdir(path)).to.include.members(['keep', 'new', 'top']);
    });
  });

  it('is refused when the archive was changed, and nothing of it stays', async () => {
    const bytes = readFileSync(blob);
    bytes.set(Buffer.from('CONTENT'), bytes.indexOf('content'));
    writeFileSync(blob, bytes);
    expect(await failure()).to.include({ code: 'ORLOP_E_ARCHIVE' });
    expect(await layers()).to.not.include(place.split('/').at(-1));
    expect(await readdir(test.store.stagingPath)).to.deep.equal([]);
  });

  it('is reported as damaged when the archive is gone', async () => {
    rmSync(blob);
    const error = await failure();
    expect(error).to.include({ code: 'ORLOP_E_DAMAGED' });
    expect(error).to.have.property('message').that.contains('is missing, and so is its archive');
  });

  it('is not made of attributes that nobody could unpack', async function () {
    requiresIn(this, 'root');
    // No file system of disks takes that many; a tmpfs does.
    const memory = join(directory(), 'memory');
    mkdirSync(memory);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', memory]);
    try {
      writeFileSync(join(memory, 'file'), '');
      const value = `0x${'61'.repeat(60_000)}`;
      for (let index = 0; index < 18; index++) {
        execFileSync('setfattr', ['-n', `trusted.a${index}`, '-v', value, join(memory, 'file')]);
      }
      const base = await test.resolve('base:1');
      const error = await test.images
        .commit({ upper: memory, marks: 'trusted', base })
        .catch((error: unknown) => error);
      expect(error).to.include({ code: 'ORLOP_E_ARCHIVE' }).and.to.have.property('message').that.contains('1 MiB');
    } finally {
      execFileSync('umount', [memory]);
    }
  });
});
