import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { chainIds, type Digest, isDigest } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { readLayer } from './layers.ts';

/**
 * Removes layers and blobs that no image needs. What is needed is computed from the records; nothing is counted.
 *
 * Without waiting: while another process adds content, its layers have no record yet, and the next removal will sweep.
 *
 * @returns chain IDs of the layers that went
 */
export async function sweepContent(context: Context): Promise<Digest[]> {
  const { store, records } = context;
  const lock = await store.tryLock('image', 'content', 'exclusive');
  if (lock === null) return [];
  try {
    const { images, damaged } = await records.all();
    // Nobody knows what a damaged record needs.
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
    // Read-write layers of containers stand in the same directory; only image layers have this record.
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
