import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { chainIds, type Digest, isDigest } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { readLayer } from './layers.ts';

/**
 * Removes layers and blobs that no image needs, computed from the records without reference counts.
 *
 * Skips the sweep if another process adds content, whose layers have no record yet. The next removal sweeps.
 *
 * @returns chain IDs of the removed layers
 */
export async function sweepContent(context: Context): Promise<Digest[]> {
  const { store, records } = context;
  const lock = await store.tryLock('image', 'content', 'exclusive');
  if (lock === null) return [];
  try {
    const { images, damaged } = await records.all();
    // A damaged record may need any of them.
    if (damaged.length > 0) return [];
    const gone = await sweepLayers(context, new Set(images.flatMap(layersOf)));
    await sweepBlobs(context, new Set(images.flatMap(blobsOf)));
    return gone;
  } finally {
    await lock.release();
  }
}

function layersOf(image: ImageRecord): Digest[] {
  return chainIds(image.layers.map((layer) => layer.diffId));
}

function blobsOf(image: ImageRecord): Digest[] {
  return [image.id, image.manifest.digest, ...image.layers.map((layer) => layer.digest)];
}

async function sweepLayers({ store }: Context, needed: ReadonlySet<Digest>): Promise<Digest[]> {
  const gone: Digest[] = [];
  for (const name of await readdir(store.layersPath)) {
    const chainId = `sha256:${name}`;
    if (!isDigest(chainId) || needed.has(chainId)) continue;
    // Read-write layers of containers lie in the same directory, without this record.
    const record = await readLayer(store, chainId).catch(() => null);
    if (record?.chainId !== chainId) continue;
    await store.remove(store.layerPath(name));
    gone.push(chainId);
  }
  return gone.sort();
}

async function sweepBlobs({ store }: Context, needed: ReadonlySet<Digest>): Promise<void> {
  const directory = join(store.blobsPath, 'sha256');
  for (const name of await readdir(directory)) {
    const digest = `sha256:${name}`;
    if (isDigest(digest) && !needed.has(digest)) await unlink(join(directory, name));
  }
}
