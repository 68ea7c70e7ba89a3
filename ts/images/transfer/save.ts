import { constants } from 'node:fs';
import { link, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Context } from '../context.ts';
import { type Digest, hexOf } from '../digest.ts';
import { type Found, findImage, readImage } from '../records/find.ts';
import { imageIndex, layoutMarker, type NamedImage } from '../records/index-json.ts';
import { familiarReference, hostImage, parseReference } from '../records/reference.ts';
import type { SaveOptions } from '../types.ts';
import { blobPath } from './loaded-files.ts';
import { asProgress } from './progress.ts';

/**
 * Writes images into one archive. Both formats are an OCI image layout; a docker-archive also has `manifest.json`, like
 * the output of `docker save` since version 25.
 */
export async function saveImages(context: Context, options: SaveOptions): Promise<void> {
  const { store, archiver } = context;
  // The lock keeps sweeps from removing the content.
  const hold = await store.lock('image', 'content', 'shared', { signal: options.signal });
  try {
    const images = await select(context, options.images);
    await using staging = await store.stage();
    await layOut(context, staging.path, images, options.format ?? 'docker-archive');
    const directory = await open(staging.path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const { output, signal } = options;
      const onBytes = asProgress(options.onProgress, { stage: 'pack' }, sizeOf(images));
      await archiver.pack({ directory: directory.fd, output, layer: false, compression: 'none', onBytes, signal });
    } finally {
      await directory.close();
    }
  } finally {
    await hold.release();
  }
}

async function select({ records }: Context, names: readonly string[]): Promise<readonly NamedImage[]> {
  if (names.length === 0) throw new RequestError('ORLOP_E_USAGE', 'no image to save was named');
  const chosen = new Map<Digest, { found: Found; references: Set<string>; asked: string }>();
  for (const asked of names) {
    if (asked === hostImage) {
      throw new RequestError('ORLOP_E_INPUT', `the image '${hostImage}' is this host's root and cannot be saved`);
    }
    const found = await findImage(records, asked);
    const entry = chosen.get(found.id) ?? { found, references: new Set<string>(), asked };
    if (found.reference !== null) entry.references.add(found.reference);
    chosen.set(found.id, entry);
  }
  const images: NamedImage[] = [];
  for (const { found, references, asked } of chosen.values()) {
    images.push({ record: await readImage(records, found, asked), references: [...references] });
  }
  return images;
}

async function layOut(
  { store }: Context,
  directory: string,
  images: readonly NamedImage[],
  format: SaveOptions['format'],
): Promise<void> {
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true, mode: 0o755 });
  const digests = images.flatMap(({ record }) => [
    record.id,
    record.manifest.digest,
    ...record.layers.map((layer) => layer.digest),
  ]);
  for (const digest of new Set(digests))
    await linkBlob(store.blobPath(hexOf(digest)), join(directory, blobPath(digest)));
  await writeFile(join(directory, 'oci-layout'), layoutMarker, { mode: 0o644 });
  await writeFile(join(directory, 'index.json'), imageIndex(images), { mode: 0o644 });
  if (format === 'docker-archive') {
    await writeFile(join(directory, 'manifest.json'), dockerManifest(images), { mode: 0o644 });
  }
}

/** Bytes of the layers' archives: nearly all of what is written. */
function sizeOf(images: readonly NamedImage[]): number {
  const sizes = new Map(images.flatMap(({ record }) => record.layers.map(({ digest, size }) => [digest, size])));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function linkBlob(blob: string, place: string): Promise<void> {
  try {
    await link(blob, place);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new RequestError('ORLOP_E_DAMAGED', `blob '${blob}' is missing`, {
      hint: 'load or import the image again',
      cause: error,
    });
  }
}

function dockerManifest(images: readonly NamedImage[]): string {
  return JSON.stringify(
    images.map(({ record, references }) => ({
      Config: blobPath(record.id),
      RepoTags: references.length === 0 ? null : references.map((name) => familiarReference(parseReference(name))),
      Layers: record.layers.map((layer) => blobPath(layer.digest)),
    })),
  );
}
