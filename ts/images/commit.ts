import { readFile } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';
import { withForeignDirectory } from '../store/foreign-directory.ts';
import { applyChanges } from './changes.ts';
import { decodeImage, encodeImage, type ImageDocument } from './config.ts';
import type { Context } from './context.ts';
import { chainIds, type Digest, hexOf } from './digest.ts';
import { type LayerRecord, readLayer } from './layers/layers.ts';
import { ownPlatform } from './platform.ts';
import { parseOwnReference } from './records/reference.ts';
import { Addition } from './transfer/addition.ts';
import { timestamp } from './transfer/import.ts';
import { asProgress } from './transfer/progress.ts';
import { addDocuments, recordImage } from './transfer/publish.ts';
import type { CommitOptions, ImageId, ResolvedImage } from './types.ts';

/** Makes an image from a base image and a read-write layer. */
export async function commitLayer(context: Context, options: CommitOptions): Promise<ImageId> {
  const reference = options.reference === undefined ? [] : [parseOwnReference(options.reference)];
  const base = await readBase(context, options.base);
  const config = applyChanges({ ...base.config, ...options.config }, options.changes ?? []);

  await using addition = await Addition.begin(context.store, context.archiver, options.signal);
  // The addition blocks sweeps: layers that exist now still exist when the record is written.
  const below = await readLayers(context, base.diffIds);
  const layer = await addUpper(context.store.native, addition, options, base.diffIds);
  const created = timestamp(undefined);
  const history = {
    created,
    createdBy: options.createdBy ?? '',
    author: options.author ?? '',
    comment: options.message ?? '',
    emptyLayer: false,
  };
  const configuration = encodeImage({
    ...base,
    created,
    author: options.author ?? base.author,
    comment: options.message ?? '',
    config,
    diffIds: [...base.diffIds, layer.diffId],
    history: [...base.history, history],
  });
  const record = await addDocuments(addition, configuration, [...below, layer]);
  await addition.publish();
  await recordImage(context, record, reference, options.signal);
  return record.id;
}

async function readBase({ store }: Context, base: ResolvedImage): Promise<ImageDocument> {
  if (base.id === 'host') {
    throw new RequestError('ORLOP_E_INPUT', `a container of the image 'host' cannot be committed: it has no layers`, {
      hint: `write its root filesystem with 'orlop export' and read it with 'orlop import'`,
    });
  }
  const path = store.blobPath(hexOf(base.id));
  try {
    return { ...ownPlatform(), ...decodeImage(await readFile(path), `the configuration of image ${base.reference}`) };
  } catch (cause) {
    throw new RequestError('ORLOP_E_DAMAGED', `the configuration of image ${base.reference} cannot be read: ${path}`, {
      hint: `load the image again`,
      cause,
    });
  }
}

async function readLayers({ store }: Context, diffIds: readonly string[]): Promise<LayerRecord[]> {
  const records: LayerRecord[] = [];
  for (const chainId of chainIds(diffIds)) records.push(await existingLayer(store, chainId));
  return records;
}

async function existingLayer(store: Context['store'], chainId: Digest): Promise<LayerRecord> {
  const record = await readLayer(store, chainId);
  if (record !== null) return record;
  throw new RequestError('ORLOP_E_DAMAGED', `layer ${chainId} is missing: ${store.layerPath(hexOf(chainId))}`, {
    hint: 'load the image that it belongs to again',
  });
}

async function addUpper(
  native: Native,
  addition: Addition,
  { upper, marks, onProgress, signal }: CommitOptions,
  below: readonly string[],
): Promise<LayerRecord> {
  const onBytes = asProgress(onProgress, { stage: 'pack' });
  return withForeignDirectory(native, upper, (directory) =>
    addition.packed(directory, below, { marks, onBytes, signal }),
  );
}
