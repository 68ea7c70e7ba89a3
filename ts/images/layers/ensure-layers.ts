import { existsSync } from 'node:fs';
import type { Context } from '../context.ts';
import { chainIds, hexOf } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { unpackLayers } from './unpack-layers.ts';

/**
 * Unpacks the missing layers of an image: a committed image has only archives until its first use. A layer in its place
 * is complete, because it is renamed there as a whole after it was synced to the disk.
 *
 * @throws {RequestError} ORLOP_E_DAMAGED if an archive is missing, ORLOP_E_ARCHIVE if it does not match the image
 */
export async function ensureLayers(context: Context, record: ImageRecord): Promise<void> {
  const diffIds = record.layers.map((layer) => layer.diffId);
  const places = chainIds(diffIds).map((id) => context.store.diffPath(hexOf(id)));
  const missing = places.flatMap((place, index) => (existsSync(place) ? [] : [index]));
  if (missing.length === 0) return;
  await unpackLayers(context, record, missing);
}
