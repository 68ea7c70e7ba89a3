import type { Store } from '../../store/store.ts';
import { chainIds } from '../digest.ts';
import type { ImageRecord } from '../records/records.ts';
import { readLayer } from './layers.ts';

/** Bytes of an image in the store: the archives of its layers, and those layers that are unpacked. */
export async function diskUsage(store: Store, { layers }: ImageRecord): Promise<number> {
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  // A damaged record of a layer is reported by the command that needs the layer.
  const unpacked = await Promise.all(chain.map((id) => readLayer(store, id).catch(() => null)));
  return [...layers, ...unpacked].reduce((sum, part) => sum + (part?.size ?? 0), 0);
}
