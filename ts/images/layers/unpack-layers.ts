import { open } from 'node:fs/promises';
import { RequestError } from '../../errors/index.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Context } from '../context.ts';
import { hexOf } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { Addition } from '../transfer/addition.ts';

type Layer = ImageRecord['layers'][number];

/**
 * Unpacks layers of an image from their archives.
 *
 * @param missing indices of the layers, lowest first
 * @throws {RequestError} ORLOP_E_DAMAGED if an archive is missing, ORLOP_E_ARCHIVE if it does not match the image
 */
export async function unpackLayers(
  context: Context,
  { layers }: ImageRecord,
  missing: readonly number[],
): Promise<void> {
  const diffIds = layers.map((layer) => layer.diffId);
  await using addition = await Addition.begin(context.store, context.archiver);
  for (const index of missing) {
    const layer = layers[index];
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
