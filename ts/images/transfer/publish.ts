import { decodeImage } from '../config.ts';
import type { Context } from '../context.ts';
import type { Digest } from '../digest.ts';
import type { LayerRecord } from '../layers/layers.ts';
import { writeIndex } from '../records/index-json.ts';
import type { Descriptor, ImageRecord } from '../records/records.ts';
import { familiarReference, formatReference, type ImageReference } from '../records/reference.ts';
import type { LoadedImage } from '../types.ts';
import type { Addition } from './addition.ts';
import { mediaTypes } from './documents.ts';

/**
 * Adds the documents of an image, after its layers.
 *
 * @param configuration bytes of the OCI image configuration: their digest is the image's ID
 * @param manifest manifest of the archive; without one, a new manifest is made
 */
export async function addDocuments(
  addition: Addition,
  configuration: string | Uint8Array,
  layers: readonly LayerRecord[],
  manifest?: { readonly content: Uint8Array; readonly mediaType: string },
): Promise<ImageRecord> {
  const config = await addition.blob(configuration, mediaTypes.config);
  const { created, config: settings } = decodeImage(Buffer.from(configuration), 'the image configuration');
  const descriptor =
    manifest === undefined
      ? await addition.blob(newManifest(config, layers), mediaTypes.manifest)
      : await addition.blob(manifest.content, manifest.mediaType);
  return {
    id: config.digest,
    manifest: descriptor,
    created,
    size: layers.reduce((sum, layer) => sum + layer.size, 0),
    config: { ...settings, env: [...settings.env] } as ImageRecord['config'],
    layers: layers.map(({ blob, diffId }) => ({ ...blob, diffId })),
  };
}

function newManifest(config: Descriptor, layers: readonly LayerRecord[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: layers.map((layer) => layer.blob),
  });
}

/** Records an image whose content is published, and gives it names. Other images lose these names. */
export async function recordImage(
  { store, records }: Context,
  record: ImageRecord,
  references: readonly ImageReference[],
  signal?: AbortSignal,
): Promise<LoadedImage> {
  const moved: { reference: string; from: Digest }[] = [];
  const giveNames = async (): Promise<void> => {
    for (const reference of references) {
      const name = formatReference(reference);
      const before = await records.tag(name).catch(() => null);
      await records.writeTag({ reference: name, image: record.id });
      if (before !== null && before.image !== record.id) {
        moved.push({ reference: familiarReference(reference), from: before.image });
      }
    }
    await writeIndex(store, records);
  };
  const lock = await store.lockToWrite('image', 'records', { signal });
  try {
    // One that is to have no name, or exists already, may be without a name after a crash.
    const mayBeNameless = references.length === 0 || (await records.ids()).includes(record.id);
    if (mayBeNameless) {
      await records.write(record);
      await giveNames();
    } else {
      await records.writeNew(record, giveNames);
    }
    return { id: record.id, references: references.map(familiarReference), moved };
  } finally {
    await lock.release();
  }
}
