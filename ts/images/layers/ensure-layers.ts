import { existsSync } from 'node:fs';
import type { Context } from '../context.ts';
import { chainIds, hexOf } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { unpackLayers } from './unpack-layers.ts';

/**
 * Unpacks those layers of an image that are not there: a committed image has only archives until somebody needs it.
 * A layer that is there is complete, since it gets its place as a whole and after it was written to the disk.
 *
 * @throws {RequestError} ORLOP_E_DAMAGED when an archive is missing, ORLOP_E_ARCHIVE when it is not what the image says
 */
export async function ensureLayers(context: Context, record: ImageRecord): Promise<void> {
  const diffIds = record.layers.map((layer) => layer.diffId);
  const places = chainIds(diffIds).map((id) => context.store.diffPath(hexOf(id)));
  const missing = places.flatMap((place, index) => (existsSync(place) ? [] : [index]));
  if (missing.length === 0) return;
  await unpackLayers(context, record, missing);
}
