import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { errorCode } from '../store/system-error.ts';
import { Addition } from './addition.ts';
import type { Context } from './context.ts';
import { chainIds, hexOf } from './digest.ts';
import type { ImageRecord } from './records.ts';

type Layer = ImageRecord['layers'][number];

/**
 * Unpacks those layers of an image that are not there: a committed image has only archives until somebody needs it.
 * A layer that is there is complete, since it gets its place as a whole and after it was written to the disk.
 *
 * @throws {RequestError} ORLOP_E_DAMAGED when an archive is missing, ORLOP_E_ARCHIVE when it is not what the image says
 */
export async function ensureLayers(context: Context, record: ImageRecord): Promise<void> {
  const { store, archiver } = context;
  const diffIds = record.layers.map((layer) => layer.diffId);
  const places = chainIds(diffIds).map((id) => store.diffPath(hexOf(id)));
  const missing = places.flatMap((place, index) => (existsSync(place) ? [] : [index]));
  if (missing.length === 0) return;
  await using addition = await Addition.begin(store, archiver);
  for (const index of missing) {
    const layer = record.layers[index];
    if (layer !== undefined) await unpack(context, addition, layer, diffIds.slice(0, index));
  }
  await addition.publish();
}

async function unpack({ store }: Context, addition: Addition, layer: Layer, below: readonly string[]): Promise<void> {
  const { diffId, ...blob } = layer;
  const file = await open(store.blobPath(hexOf(blob.digest)), 'r').catch((cause: unknown) => {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    throw new RequestError('ORLOP_E_DAMAGED', `layer ${diffId} is missing, and so is its archive ${blob.digest}`, {
      hint: 'load the image that it belongs to again',
      cause,
    });
  });
  try {
    await addition.layer({ source: file.fd, below, layer: true, diffId, blob, stored: true });
  } finally {
    await file.close();
  }
}
