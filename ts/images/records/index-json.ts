import { join } from 'node:path';
import { replaceFile, syncDirectory } from '../../store/durable.ts';
import type { Store } from '../../store/store.ts';
import { mediaTypes } from '../transfer/documents.ts';
import type { ImageRecord, ImageRecords } from './records.ts';

/** The content of the file `oci-layout`. */
export const layoutMarker = JSON.stringify({ imageLayoutVersion: '1.0.0' });

/** An image and its names, in normal form, for an index. */
export interface NamedImage {
  readonly record: ImageRecord;
  readonly references: readonly string[];
}

/** An OCI image index with one entry per name. */
export function imageIndex(images: readonly NamedImage[]): string {
  const manifests = images.flatMap(({ record, references }) =>
    references.length === 0
      ? [record.manifest]
      : references.map((reference) => ({
          ...record.manifest,
          annotations: {
            'io.containerd.image.name': reference,
            // Not only the tag, as some tools write: tools take the first entry with it, of whatever repository.
            'org.opencontainers.image.ref.name': reference,
          },
        })),
  );
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
}

/**
 * Writes `index.json` and `oci-layout`, so that other tools can read the store. They are derived from the records after
 * each change; orlop itself never reads them.
 */
export async function writeIndex(store: Store, records: ImageRecords): Promise<void> {
  const { images } = await records.all();
  const { tags } = await records.tags();
  const named = images.map((record) => ({
    record,
    references: tags.filter((tag) => tag.image === record.id).map((tag) => tag.reference),
  }));
  const how = { mode: 0o644, durable: true };
  await replaceFile(join(store.root, 'oci-layout'), layoutMarker, how);
  await replaceFile(join(store.root, 'index.json'), imageIndex(named), how);
  await syncDirectory(store.root);
}
