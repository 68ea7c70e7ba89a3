import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { hexOf, sha256 } from '../../../ts/images/digest.ts';
import { ownPlatform } from '../../../ts/images/platform.ts';
import { mediaTypes } from '../../../ts/images/transfer/documents.ts';
import { makeTree, TestStore, tar, withView } from '../../support/images.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { pythonTar } from '../archive/support.ts';

const directory = temporaryDirectory;

describe('save and load', () => {
  requires('privilege', 'addon', 'archive', 'overlay');
  const path = directory();
  let source: TestStore;
  let target: TestStore;

  beforeEach(async () => {
    source = await TestStore.open(path(), 'source');
    target = await TestStore.open(path(), 'target');
    const tree = await makeTree(join(path(), 'tree'), { 'etc/motd': 'hello\n', 'old/x': 'x' });
    const archive = tar(tree, join(path(), 'tree.tar'));
    execFileSync('gzip', ['-qk', archive]);
    await source.import(`${archive}.gz`, { reference: 'base:1', changes: ['CMD ["sh"]'] });
    await source.commit('base:1', 'registry.example:5000/app:2', async (upper) => {
      await makeTree(upper, { new: 'new' });
      execFileSync('mknod', [join(upper, 'old'), 'c', '0', '0']);
    });
  });

  for (const format of ['docker-archive', 'oci-archive'] as const) {
    it(`carry images from one store to another as ${format}: same IDs, names, layers`, async () => {
      const file = join(path(), 'images.tar');
      await source.save(['registry.example:5000/app:2', 'base:1'], file, format);
      const loaded = await target.load(file);
      expect(loaded.flatMap(({ references }) => references)).to.have.members(['base:1', 'registry.example:5000/app:2']);
      for (const name of ['base:1', 'registry.example:5000/app:2']) {
        await source.resolve(name); // unpacks the committed layer, as a load does
        const { created: _created, ...before } = await source.images.inspect(name);
        expect(await target.images.inspect(name)).to.deep.include(before);
      }
      await withView(target, await target.resolve('registry.example:5000/app:2'), async (view) => {
        expect(await readdir(view)).to.have.members(['dev', 'etc', 'new', 'proc', 'sys']);
        expect(await readFile(join(view, 'etc/motd'), 'utf8')).to.equal('hello\n');
      });
    });
  }

  it('write a layout that is whole, and manifest.json for a docker-archive', async () => {
    const file = join(path(), 'images.tar');
    await source.save(['base:1'], file);
    const layout = await extract(file, join(path(), 'layout'));
    const [entry] = JSON.parse(await readFile(join(layout, 'manifest.json'), 'utf8'));
    expect(entry.RepoTags).to.deep.equal(['base:1']);
    expect(await readFile(join(layout, entry.Config))).to.satisfy((c: Buffer) =>
      entry.Config.endsWith(hexOf(sha256(c))),
    );
    for (const name of await readdir(join(layout, 'blobs/sha256'))) {
      expect(sha256(await readFile(join(layout, 'blobs/sha256', name)))).to.equal(`sha256:${name}`);
    }
  });

  it('read an archive that is compressed, and one that was loaded before', async () => {
    const file = join(path(), 'images.tar');
    await source.save(['base:1'], file);
    execFileSync('gzip', ['-q', file]);
    const [first] = await target.load(`${file}.gz`);
    const [second] = await target.load(`${file}.gz`);
    expect(second).to.deep.equal(first);
    expect((await target.images.list()).images).to.have.length(1);
  });

  it('save an image without its name when it is asked for by its ID', async () => {
    const file = join(path(), 'images.tar');
    const { id } = await source.resolve('base:1');
    for (const format of ['docker-archive', 'oci-archive'] as const) {
      await source.save([id], file, format);
      const [loaded] = await target.load(file);
      expect(loaded).to.deep.equal({ id, references: [], moved: [] });
    }
  });

  it('tell which names moved from other images', async () => {
    const file = join(path(), 'images.tar');
    await source.save(['base:1'], file);
    const other = await target.import(join(path(), 'tree.tar'), { reference: 'base:1', created: 5 });
    const [loaded] = await target.load(file);
    expect(loaded?.moved).to.deep.equal([{ reference: 'base:1', from: other }]);
    expect((await target.resolve('base:1')).id).to.equal(loaded?.id);
    expect((await target.resolve(other)).id).to.equal(other);
  });

  it('read the older form of docker-archive, with links between layers', async () => {
    const file = join(path(), 'images.tar');
    await source.save(['registry.example:5000/app:2'], file);
    const layout = await extract(file, join(path(), 'layout'));
    const [entry] = JSON.parse(await readFile(join(layout, 'manifest.json'), 'utf8'));
    const old = join(path(), 'old');
    const paths: string[] = [];
    for (const [index, layer] of entry.Layers.entries()) {
      await mkdir(join(old, `l${index}`), { recursive: true });
      await rename(join(layout, layer), join(old, `blob${index}`));
      await symlink(`../blob${index}`, join(old, `l${index}/layer.tar`));
      paths.push(`l${index}/layer.tar`);
    }
    await rename(join(layout, entry.Config), join(old, 'config.json'));
    const manifest = [{ Config: 'config.json', RepoTags: ['old:1'], Layers: paths }];
    await writeFile(join(old, 'manifest.json'), JSON.stringify(manifest));
    const [loaded] = await target.load(tar(old, join(path(), 'old.tar')));
    expect(loaded?.id).to.equal((await source.resolve('registry.example:5000/app:2')).id);
    expect(loaded?.references).to.deep.equal(['old:1']);
  });

  it('keep owner and mode of a directory that a layer has files in, but no entry for', async function () {
    requiresIn(this, 'root');
    const at = (name: string) => join(path(), name);
    await mkdir(at('archive'));
    pythonTar(at('archive/0.tar'), `add('p', b'5', mode=0o1777, uid=5, gid=6); add('p/q', b'5', mode=0o700, uid=7)`);
    pythonTar(at('archive/1.tar'), `add('p/q/n'); add('new/n')`);
    pythonTar(at('archive/2.tar'), `add('p/.wh.q')`);
    pythonTar(at('archive/3.tar'), `add('p/q/m')`);
    const layers = ['0.tar', '1.tar', '2.tar', '3.tar'];
    const diffIds = await Promise.all(layers.map(async (name) => sha256(await readFile(at(`archive/${name}`)))));
    const { architecture, os } = ownPlatform();
    const config = { architecture, os, rootfs: { type: 'layers', diff_ids: diffIds } };
    await writeFile(at('archive/config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: ['implied:1'], Layers: layers }];
    await writeFile(at('archive/manifest.json'), JSON.stringify(manifest));
    await target.load(tar(at('archive'), at('implied.tar')));
    const image = await target.resolve('implied:1');
    const [third = '', second = '', first = ''] = image.layers;
    const facts = async (place: string) => {
      const { mode, uid, gid } = await stat(place);
      return [mode & 0o7777, uid, gid];
    };
    for (const layer of [first, second, third])
      expect(await facts(join(layer, 'p')), layer).to.deep.equal([0o1777, 5, 6]);
    expect(await facts(join(image.layers[2] ?? '', 'p/q'))).to.deep.equal([0o700, 7, 0]);
    expect(await facts(join(image.layers[2] ?? '', 'new'))).to.deep.equal([0o755, 0, 0]);
    expect(await facts(join(third, 'p/q')), 'made anew after its removal').to.deep.equal([0o755, 0, 0]);
  });

  describe('of an OCI layout made by others', () => {
    let layout: string;

    beforeEach(async () => {
      const file = join(path(), 'images.tar');
      await source.save(['base:1'], file, 'oci-archive');
      layout = await extract(file, join(path(), 'layout'));
    });

    const index = async (): Promise<{ manifests: Record<string, unknown>[] }> =>
      JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
    const writeIndex = (manifests: unknown[]): Promise<void> =>
      writeFile(
        join(layout, 'index.json'),
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
      );
    const addBlob = async (content: string): Promise<{ digest: string; size: number }> => {
      const digest = sha256(content);
      await writeFile(join(layout, 'blobs/sha256', hexOf(digest)), content);
      return { digest, size: Buffer.byteLength(content) };
    };
    const load = () => target.load(tar(layout, join(path(), 'layout.tar')));
    const refusal = async (): Promise<unknown> => load().catch((error: unknown) => error);
    const expectRefused = async (why: RegExp): Promise<void> => {
      const error = await refusal();
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_ARCHIVE');
      expect(String(error)).to.match(why);
      expect((await target.images.list()).images).to.deep.equal([]);
      expect(await readdir(target.store.layersPath)).to.deep.equal([]);
      expect(await readdir(join(target.store.blobsPath, 'sha256'))).to.deep.equal([]);
      expect(await readdir(target.store.stagingPath)).to.deep.equal([]);
    };

    it('takes the image for this platform out of an index of many', async () => {
      const [entry] = (await index()).manifests;
      const { architecture, os } = ownPlatform();
      const nested = await addBlob(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.index,
          manifests: [
            { ...entry, platform: { architecture: 'other', os: 'linux' }, digest: sha256('absent'), annotations: {} },
            { ...entry, platform: { architecture, os } },
            {
              ...entry,
              platform: { architecture: 'unknown', os: 'unknown' },
              annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
            },
          ],
        }),
      );
      const annotations = { 'org.opencontainers.image.ref.name': 'docker.io/library/multi:1' };
      await writeIndex([{ mediaType: mediaTypes.index, ...nested, annotations }]);
      const loaded = await load();
      expect(loaded.map(({ references }) => references)).to.deep.equal([['multi:1']]);
    });

    it('refuses an index without this platform, and says for which it is', async () => {
      const [entry] = (await index()).manifests;
      await writeIndex([{ ...entry, platform: { architecture: 'z80', os: 'cpm' } }]);
      await expectRefused(/only for cpm\/z80/);
    });

    it('refuses a document that is a manifest and an index', async () => {
      const [entry] = (await index()).manifests;
      const manifest = JSON.parse(await readFile(join(layout, blob(entry?.digest)), 'utf8'));
      const both = await addBlob(JSON.stringify({ ...manifest, manifests: [] }));
      await writeIndex([{ mediaType: mediaTypes.manifest, ...both }]);
      await expectRefused(/a manifest and an index at once/);
    });

    it('refuses a layer that was changed', async () => {
      const [entry] = (await index()).manifests;
      const manifest = JSON.parse(await readFile(join(layout, blob(entry?.digest)), 'utf8'));
      const file = join(layout, blob(manifest.layers[0].digest));
      const other = await makeTree(join(path(), 'other'), { evil: '' });
      await rm(file);
      tar(other, file);
      await expectRefused(/the digest of the layer is/);
    });

    it('refuses a layer that is not what the configuration says', async () => {
      const [entry] = (await index()).manifests;
      const manifest = JSON.parse(await readFile(join(layout, blob(entry?.digest)), 'utf8'));
      const other = await makeTree(join(path(), 'other'), { evil: '' });
      const layer = await readFile(tar(other, join(path(), 'other.tar')));
      await writeFile(join(layout, blob(sha256(layer))), layer);
      const layers = [{ ...manifest.layers[0], digest: sha256(layer), size: layer.length }];
      const changed = await addBlob(JSON.stringify({ ...manifest, layers }));
      await writeIndex([{ mediaType: mediaTypes.manifest, ...changed }]);
      await expectRefused(/the diff ID of the layer is/);
    });

    it('refuses a manifest that was changed', async () => {
      const [entry] = (await index()).manifests;
      await writeFile(join(layout, blob(entry?.digest)), '{}'.padEnd(Number(entry?.size)));
      await expectRefused(/is not what its digest says/);
    });

    it('refuses a digest that is a path', async () => {
      const [entry] = (await index()).manifests;
      await writeIndex([{ ...entry, digest: 'sha256:../../../../etc/passwd' }]);
      await expectRefused(/manifests.0.digest/);
    });

    it('refuses a blob that is missing', async () => {
      const [entry] = (await index()).manifests;
      await rm(join(layout, blob(entry?.digest)));
      await expectRefused(/it is not in it/);
    });

    it('refuses a name that an image cannot have', async () => {
      const [entry] = (await index()).manifests;
      for (const name of ['host:latest', 'x/UPPER:1', '../x:1']) {
        await writeIndex([{ ...entry, annotations: { 'io.containerd.image.name': name } }]);
        await expectRefused(/a name that it cannot have/);
      }
    });
  });

  it('refuse an archive that holds no image', async () => {
    const error = await target.load(join(path(), 'tree.tar')).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_ARCHIVE');
    expect(error).to.have.property('hint').that.contains('orlop import');
  });

  it('refuse a link out of the archive', async () => {
    const evil = join(path(), 'evil');
    await mkdir(evil);
    await symlink('/etc/passwd', join(evil, 'manifest.json'));
    const error = await target.load(tar(evil, join(path(), 'evil.tar'))).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_ARCHIVE');
  });

  it('refuse to save what is not there, and the image host', async () => {
    for (const [name, code] of [
      ['absent:1', 'ORLOP_E_NO_IMAGE'],
      ['host', 'ORLOP_E_INPUT'],
    ] as const) {
      const error = await source.save([name], join(path(), 'x.tar')).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(RequestError).with.property('code', code);
    }
  });
});

function blob(digest: unknown): string {
  return `blobs/sha256/${hexOf(String(digest))}`;
}

async function extract(archive: string, to: string): Promise<string> {
  await mkdir(to, { recursive: true });
  execFileSync('tar', ['-C', to, '-xf', archive]);
  expect(dirname(join(to, 'x'))).to.equal(to);
  return to;
}
