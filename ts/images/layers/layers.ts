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
    /** The blob that it was unpacked from. */
    blob: v.object({ mediaType: v.string(), digest, size }),
    /** Bytes of the uncompressed tar. */
    size,
  }),
);

/**
 * What an image layer is, in `layers/<hex of the chain ID>/layer.json` beside its `diff`. Only what has this file is
 * ever removed as a layer that no image needs: a container's read-write layer stands in the same directory without it.
 */
export type LayerRecord = v.InferOutput<ReturnType<typeof layerRecordSchema>>;

const recordName = 'layer.json';

/** The record of a layer that is unpacked, null when it is not. */
export function readLayer(store: Store, chainId: Digest): Promise<LayerRecord | null> {
  return readRecord(join(store.layerPath(hexOf(chainId)), recordName), layerRecordSchema);
}

/** Writes the record of a layer into the directory in which it is being built. */
export function writeLayer(directory: string, record: LayerRecord): Promise<void> {
  // Not durable on its own: the whole directory is, before it gets its name.
  return writeRecord(join(directory, recordName), record, { durable: false });
}
