import { applyChanges } from '../changes.ts';
import { encodeImage } from '../config.ts';
import type { Context } from '../context.ts';
import { emptyConfig, ownPlatform } from '../platform.ts';
import { parseOwnReference } from '../records/reference.ts';
import type { ImageId, ImportOptions } from '../types.ts';
import { Addition } from './addition.ts';
import { asProgress } from './progress.ts';
import { addDocuments, recordImage } from './publish.ts';

/** Makes an image with one layer from a tar archive of a root filesystem. */
export async function importImage(context: Context, options: ImportOptions): Promise<ImageId> {
  const reference = options.reference === undefined ? [] : [parseOwnReference(options.reference)];
  const config = applyChanges(emptyConfig, options.changes ?? []);
  const created = timestamp(options.created);

  await using addition = await Addition.begin(context.store, context.archiver, options.signal);
  const { source, signal } = options;
  const onBytes = asProgress(options.onProgress, { stage: 'unpack' });
  const layer = await addition.layer({ source, below: [], layer: false, onBytes, signal });
  const configuration = encodeImage({
    created,
    author: options.author ?? '',
    comment: options.message ?? '',
    ...ownPlatform(),
    config,
    otherConfig: {},
    diffIds: [layer.diffId],
    history: [{ created, createdBy: '', author: '', comment: options.message ?? 'imported', emptyLayer: false }],
  });
  const record = await addDocuments(addition, configuration, [layer]);
  await addition.publish();
  await recordImage(context, record, reference, options.signal);
  return record.id;
}

/** RFC 3339 in UTC, the format of image configurations. */
export function timestamp(seconds: number | undefined): string {
  return new Date(seconds === undefined ? Date.now() : seconds * 1000).toISOString();
}
