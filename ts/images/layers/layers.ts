import { join } from 'node:path';
import * as v from 'valibot';
import { readRecord, recordSchema, writeRecord } from '../../store/record.ts';
import type { Store } from '../../store/store.ts';
import { type Digest, hexOf, isDigest } from '../digest.ts';

const digest = v.custom<Digest>(isDigest, 'not a digest');
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const layerRecordSchema = recordSchema(() =>
  v.object({
    chainId: digest,
    diffId: digest,
    /** Blob that the layer was unpacked from. */
    blob: v.object({ mediaType: v.string(), digest, size }),
    /** Size of the uncompressed tar in bytes. */
    size,
  }),
);

/**
 * Record of an image layer, in `layers/<hex of the chain ID>/layer.json` beside its `diff`. Sweeps remove only layers
 * with this file: read-write layers of containers lie in the same directory without it.
 */
export type LayerRecord = v.InferOutput<ReturnType<typeof layerRecordSchema>>;

const recordName = 'layer.json';

/** Record of an unpacked layer; null if it is not unpacked. */
export function readLayer(store: Store, chainId: Digest): Promise<LayerRecord | null> {
  return readRecord(join(store.layerPath(hexOf(chainId)), recordName), layerRecordSchema);
}

/** Writes the record of a layer into its staging directory. */
export function writeLayer(directory: string, record: LayerRecord): Promise<void> {
  // Not durable by itself: the whole directory is synced before it is renamed.
  return writeRecord(join(directory, recordName), record, { durable: false });
}
