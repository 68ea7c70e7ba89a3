import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { chainIds, hexOf, sha256 } from '../../../ts/images/digest.ts';
import { familiar } from '../../../ts/images/records/summary.ts';
import { Orlop, type OrlopRuntime } from '../../../ts/index.ts';
import { isId } from '../../../ts/store/id.ts';
import { listing } from '../../support/cli-store.ts';
import { storeContent } from '../../support/facts-of-life.ts';

/** Objects of a store by kind and name, with all that they hold. */
export type Objects = Readonly<Record<string, unknown>>;

interface Found {
  readonly objects: Record<string, unknown>;
  /** Names in the store's directories that belong to the objects. */
  readonly names: Set<string>;
}

/**
 * Opens a store after a power cut and looks at all of it: reads what is listed, runs each image, starts each container.
 *
 * @throws AssertionError if an object is damaged or does not work, or if something on disk belongs to none
 */
export async function inspect(root: string, directory: string): Promise<Objects> {
  const run = mkdtempSync(join(directory, 'run-'));
  // This boot is another one than that of the commands before.
  writeFileSync(join(root, 'boot.json'), JSON.stringify({ version: 1, boot: 'before the power cut' }));
  try {
    const orlop = await Orlop.open({ root, run });
    const found = await look(orlop, root).finally(() => orlop.close());
    const { 'locks of containers': _locks, ...content } = storeContent({ root, run });
    const onDisk = { ...content, blobs: blobs(root) };
    const all = Object.entries(onDisk).flatMap(([kind, names]) => names.map((name) => `${kind}/${name}`));
    const others = all.filter((name) => !found.names.has(name));
    expect(others.join(' '), 'names on disk that belong to no object').to.equal('');
    return found.objects;
  } finally {
    rmSync(run, { recursive: true });
  }
}

async function look(orlop: OrlopRuntime, root: string): Promise<Found> {
  const images = await orlop.images.list();
  const containers = await orlop.containers.list({ all: true });
  const volumes = await orlop.volumes.list();
  const damaged = [images, containers, volumes].flatMap((list) => list.damaged.map(({ path }) => path));
  expect(damaged.join(' '), 'damaged records').to.equal('');
  const references = images.items.flatMap((image) => image.references);
  expect(namesInIndex(root).sort().join(' '), 'names in index.json').to.equal([...references].sort().join(' '));

  const found: Found = { objects: {}, names: new Set() };
  // Anonymous volumes are parts of their containers.
  for (const { name, mountpoint } of volumes.items.filter((volume) => !isId(volume.name))) {
    found.names.add(`volumes/${name}`);
    found.objects[`volume ${name}`] = listing(mountpoint);
  }
  for (const { id, references } of images.items) {
    for (const name of references) found.objects[`name ${name}`] = id;
    await runImage(orlop, id);
    const { layers, blobs } = namesOfImage(root, id);
    for (const name of [...layers, ...blobs]) found.names.add(name);
    found.objects[`image ${id}`] = { references, layers: layers.map((name) => listing(join(root, name, 'diff'))) };
  }
  for (const { id, name } of containers.items) {
    found.objects[`container ${name}`] = await startedContainer(orlop, root, id, found.names);
  }
  return found;
}

/** Names of images in the index that other tools read; an image without a name has none there. */
function namesInIndex(root: string): string[] {
  const index = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8'));
  const manifests: { annotations?: Record<string, string> }[] = index.manifests;
  const names = manifests.map(({ annotations }) => annotations?.['io.containerd.image.name']);
  return names.flatMap((name) => (name === undefined ? [] : [familiar(name)]));
}

/** Runs an image, which unpacks the layers that it has only as archives. */
async function runImage(orlop: OrlopRuntime, image: string): Promise<void> {
  const { exitCode, stderr } = await orlop.run(image, ['cat', '/data/file']);
  expect(exitCode, `exit code of a container of image ${image}: ${stderr}`).to.equal(0);
}

/** Names of an image's layers and blobs in the directory of the store. */
function namesOfImage(root: string, id: string): { layers: readonly string[]; blobs: readonly string[] } {
  const record = JSON.parse(readFileSync(join(root, 'images', `${hexOf(id)}.json`), 'utf8'));
  const layers: { digest: string; diffId: string }[] = record.layers;
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  const blobs = [id, record.manifest.digest, ...layers.map(({ digest }) => digest)];
  return {
    layers: chain.map((digest) => `layers/${hexOf(digest)}`),
    blobs: blobs.map((digest) => `blobs/${hexOf(digest)}`),
  };
}

/** What a container holds before its start, which must succeed. */
async function startedContainer(orlop: OrlopRuntime, root: string, id: string, names: Set<string>): Promise<unknown> {
  for (const kind of ['layers', 'mnt', 'containers']) names.add(`${kind}/${id}`);
  const container = await orlop.container(id);
  const { Name, State, Mounts } = await container.inspect();
  const layer = listing(join(root, 'layers', id, 'diff'));
  const volumes = Mounts.filter((mount) => isId(mount.Name ?? '')).map(({ Name, Destination, Source }) => {
    names.add(`volumes/${Name}`);
    return { Name, Destination, data: listing(Source) };
  });
  const { exitCode } = await (await container.start()).exited;
  expect(exitCode, `exit code of container ${Name}`).to.equal(0);
  return { id, status: State.Status, layer, volumes };
}

/** Names of the blobs, whose digests they are. */
function blobs(root: string): string[] {
  const directory = join(root, 'blobs/sha256');
  const names = readdirSync(directory);
  const digests = names.map((name) => hexOf(sha256(readFileSync(join(directory, name)))));
  expect(digests, 'digests of the blobs').to.deep.equal(names);
  return names;
}
