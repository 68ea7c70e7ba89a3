import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { hexOf, sha256 } from '../../../ts/images/digest.ts';
import { makeTree, TestStore, tar, withView } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('import', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const directory = temporaryDirectory();
  let test: TestStore;
  let archive: string;

  beforeEach(async () => {
    test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), {
      'bin/': '',
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      'root/.profile': 'umask 022\n',
    });
    await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
    archive = tar(tree, join(directory(), 'tree.tar'), '--owner=0', '--group=0');
  });

  it('makes an image that holds the files of the archive, and the default mount points below', async () => {
    const id = await test.import(archive, { reference: 'busy:1', changes: ['CMD ["/bin/busybox"]', 'ENV A=b'] });
    const image = await test.resolve('busy:1');
    expect(image.id).to.equal(id);
    expect(image.reference).to.equal('busy:1');
    expect(image.config).to.deep.include({ cmd: ['/bin/busybox'], env: ['A=b'] });
    expect(image.layers).to.have.length(2);
    await withView(test, image, async (path) => {
      expect(await readFile(join(path, 'etc/passwd'), 'utf8')).to.equal('root:x:0:0::/root:/bin/sh\n');
      expect(await readFile(join(path, 'bin/busybox'))).to.deep.equal(await readFile('/bin/busybox'));
      expect(await readdir(join(path, 'etc'))).to.have.members(['passwd', 'hosts', 'hostname', 'resolv.conf', 'mtab']);
      expect(await readdir(path)).to.include.members(['proc', 'sys', 'dev', 'bin', 'etc', 'root']);
      expect(await readlink(join(path, 'etc/mtab'))).to.equal('../proc/self/mounts');
      expect((await stat(path)).mode & 0o7777).to.equal(0o755);
    });
  });

  it('keeps the archive as a blob under its digest, in a layout that other tools read', async () => {
    await test.import(archive, { reference: 'busy:1' });
    const { root } = test.store;
    const bytes = await readFile(archive);
    expect(await readFile(test.store.blobPath(hexOf(sha256(bytes))))).to.deep.equal(bytes);
    expect(JSON.parse(await readFile(join(root, 'oci-layout'), 'utf8'))).to.deep.equal({ imageLayoutVersion: '1.0.0' });
    const index = JSON.parse(await readFile(join(root, 'index.json'), 'utf8'));
    expect(index.manifests).to.have.length(1);
    expect(index.manifests[0].annotations).to.deep.equal({
      'io.containerd.image.name': 'docker.io/library/busy:1',
      'org.opencontainers.image.ref.name': 'docker.io/library/busy:1',
    });
    const manifest = JSON.parse(await readFile(test.store.blobPath(hexOf(index.manifests[0].digest)), 'utf8'));
    const config = JSON.parse(await readFile(test.store.blobPath(hexOf(manifest.config.digest)), 'utf8'));
    expect(config.rootfs).to.deep.equal({ type: 'layers', diff_ids: [sha256(bytes)] });
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      const blob = await readFile(test.store.blobPath(hexOf(digest)));
      expect(sha256(blob)).to.equal(digest);
      expect(blob.length).to.equal(size);
    }
  });

  for (const [name, program, type] of [
    ['gzip', 'gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
    ['zstd', 'zstd', 'application/vnd.oci.image.layer.v1.tar+zstd'],
  ] as const) {
    it(`reads ${name}, and keeps it compressed`, async () => {
      const plain = await test.import(archive, { reference: 'plain:1', created: 0 });
      execFileSync(program, ['-qkf', archive]);
      const compressed = `${archive}.${name === 'gzip' ? 'gz' : 'zst'}`;
      const id = await test.import(compressed, { reference: 'busy:1', created: 0 });
      const details = await test.images.inspect(id);
      expect(details.layers[0]?.digest).to.equal(sha256(await readFile(compressed)));
      expect(details.diffIds).to.deep.equal([sha256(await readFile(archive))]);
      const manifest = JSON.parse(await readFile(test.store.blobPath(hexOf(details.manifestDigest)), 'utf8'));
      expect(manifest.layers[0].mediaType).to.equal(type);
      // The same content and configuration is the same image, unpacked once.
      expect(id).to.equal(plain);
      expect((await test.resolve('plain:1')).layers).to.deep.equal((await test.resolve(id)).layers);
    });
  }

  it('reads from a pipe', async () => {
    const fifo = join(directory(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Started before this thread waits in open(2) for it.
    const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', archive, fifo]);
    const ended = once(writer, 'exit');
    const source = openSync(fifo, 'r');
    try {
      await test.images.import({ source, reference: 'piped:1' });
    } finally {
      closeSync(source);
      await ended;
    }
    expect((await test.images.inspect('piped:1')).diffIds).to.deep.equal([sha256(await readFile(archive))]);
  });

  const refused: readonly [what: string, make: (path: string) => Promise<void>][] = [
    ['an empty file', (path) => writeFile(path, '')],
    ['a file that is no tar', (path) => writeFile(path, 'x'.repeat(4096))],
    ['an archive that ends too early', async (path) => writeFile(path, (await readFile(archive)).subarray(0, 5000))],
    [
      'a name with dots that lead out',
      async (path) => {
        await writeFile(join(directory(), 'victim'), '');
        execFileSync('tar', ['-C', join(directory(), 'tree'), '-P', '-cf', path, '../victim']);
      },
    ],
    [
      'a name that would be a whiteout',
      async (path) => {
        tar(await makeTree(join(directory(), 'trick'), { '.wh.etc': '' }), path);
      },
    ],
  ];
  for (const [what, make] of refused) {
    it(`refuses ${what} and leaves nothing`, async () => {
      const before = await contents(test);
      const bad = join(directory(), 'bad.tar');
      await make(bad);
      const error = await test.import(bad, { reference: 'bad:1' }).then(
        () => null,
        (error: unknown) => error,
      );
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_ARCHIVE');
      expect(await contents(test)).to.deep.equal(before);
      expect((await test.images.list()).images).to.deep.equal([]);
    });
  }

  it('refuses a bad name or change before it reads anything', async () => {
    for (const options of [{ reference: 'Bad' }, { reference: 'host' }, { reference: 'a:1', changes: ['RUN x'] }]) {
      const error = await test.images.import({ source: -1, ...options }).catch((error: unknown) => error);
      expect(error, JSON.stringify(options)).to.be.instanceOf(RequestError);
    }
  });

  it('leaves a moved name with the new image, and the old image without one', async () => {
    const old = await test.import(archive, { reference: 'busy:1', created: 1 });
    const next = await test.import(archive, { reference: 'busy:1', created: 2 });
    expect(next).to.not.equal(old);
    expect((await test.resolve('busy:1')).id).to.equal(next);
    const { images } = await test.images.list();
    expect(images.map(({ id, references }) => [id, references])).to.deep.equal([
      [next, ['busy:1']],
      [old, []],
    ]);
  });

  it('is stopped by an AbortSignal and leaves nothing', async () => {
    const before = await contents(test);
    const fifo = join(directory(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Opened for both, so that the reader waits for a writer that says nothing.
    const source = openSync(fifo, 'r+');
    const controller = new AbortController();
    try {
      const importing = test.images.import({ source, reference: 'a:1', signal: controller.signal });
      controller.abort();
      const error = await importing.catch((error: unknown) => error);
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_ABORTED');
    } finally {
      closeSync(source);
    }
    expect(await contents(test)).to.deep.equal(before);
  });

  it('at the same time by many gives every one its image, and one layer', async () => {
    const ids = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (created) => {
        const other = await reopen(test);
        return other.import(archive, { reference: `busy:${created}`, created });
      }),
    );
    expect(new Set(ids).size).to.equal(6);
    const { images, damaged } = await test.images.list();
    expect(damaged).to.deep.equal([]);
    expect(images.flatMap((image) => image.references).sort()).to.deep.equal(
      [1, 2, 3, 4, 5, 6].map((n) => `busy:${n}`),
    );
    expect(await readdir(test.store.layersPath)).to.have.length(1);
    const index = JSON.parse(await readFile(join(test.store.root, 'index.json'), 'utf8'));
    expect(index.manifests).to.have.length(6);
  });

  it('costs one image when its record is damaged, and that image can be removed', async () => {
    const lost = await test.import(archive, { reference: 'lost:1', created: 1 });
    const kept = await test.import(archive, { reference: 'kept:1', created: 2 });
    const record = join(test.store.imagesPath, `${hexOf(lost)}.json`);
    await writeFile(record, '{');
    const { images, damaged } = await test.images.list();
    expect(images.map((image) => image.id)).to.deep.equal([kept]);
    expect(damaged.map(({ path }) => path)).to.deep.equal([record]);
    const error = await test.resolve('lost:1').catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_DAMAGED');
    await test.images.remove('lost:1', { usedBy: async () => [] });
    expect((await test.images.list()).damaged).to.deep.equal([]);
    await withView(test, await test.resolve('kept:1'), async (path) => {
      expect((await lstat(join(path, 'bin/busybox'))).isFile()).to.equal(true);
    });
  });

  it('works when /etc of the image is a symlink', async () => {
    const tree = join(directory(), 'odd');
    await mkdir(join(tree, 'private/etc'), { recursive: true });
    execFileSync('ln', ['-s', 'private/etc', join(tree, 'etc')]);
    await test.import(tar(tree, join(directory(), 'odd.tar')), { reference: 'odd:1' });
    await withView(test, await test.resolve('odd:1'), async (path) => {
      expect(await readlink(join(path, 'etc'))).to.equal('private/etc');
      expect(await readdir(join(path, 'private/etc'))).to.deep.equal([]);
    });
    await rm(tree, { recursive: true });
  });
});

/** Everything in the store but its locks. */
async function contents({ store }: TestStore): Promise<string[]> {
  return (await readdir(store.root, { recursive: true })).sort();
}

async function reopen({ directory }: TestStore): Promise<TestStore> {
  return TestStore.open(join(directory, '..'), 'store');
}
