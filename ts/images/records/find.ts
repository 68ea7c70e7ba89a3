import { RequestError } from '../../errors/index.ts';
import { whoseStore } from '../../store/whose.ts';
import { type Digest, isDigest } from '../digest.ts';
import { findById, type ImageRecord, type ImageRecords } from './records.ts';
import { familiarReference, formatReference, type ImageReference, parseReference } from './reference.ts';

/** Result of a lookup by name or ID. */
export interface Found {
  readonly id: Digest;
  /** Name in normal form; null if it was found by an ID or a digest. */
  readonly reference: string | null;
}

/**
 * Finds an image by name, name and digest, ID, or prefix of an ID, in this order.
 *
 * @throws {RequestError} ORLOP_E_NO_IMAGE, ORLOP_E_REFERENCE
 */
export async function findImage(records: ImageRecords, nameOrId: string): Promise<Found> {
  // Records of containers have the ID, which needs no list of all images.
  if (isDigest(nameOrId) && (await records.image(nameOrId)) !== null) return { id: nameOrId, reference: null };
  // Test before parsing: the grammar refuses 64 digits, and takes `sha256` for a repository.
  const wholeId = /^(?:sha256:)?[a-f0-9]{64}$/.test(nameOrId);
  const reference = wholeId ? null : parseReference(nameOrId);
  if (reference !== null) {
    const found = await findByName(records, reference);
    if (found !== null) return found;
  }
  const id = findById(await records.ids(), nameOrId);
  if (id !== null) return { id, reference: null };
  const elsewhere = reference === null ? undefined : await sameNameElsewhere(records, reference);
  throw new RequestError('ORLOP_E_NO_IMAGE', `no image is called '${nameOrId}'`, {
    hint:
      elsewhere !== undefined
        ? `did you mean '${elsewhere}'?`
        : `'orlop images' lists what there is${whoseStore('orlop images')}; get one with 'orlop import' or 'orlop load', or use the image 'host'`,
  });
}

/** A name of the store with the same last part and tag: `localhost/app:1` for `app:1`, which means Docker Hub's. */
async function sameNameElsewhere(records: ImageRecords, { path, tag }: ImageReference): Promise<string | undefined> {
  const end = `/${path.split('/').at(-1)}:${tag}`;
  const { tags } = await records.tags();
  const found = tags.find(({ reference }) => reference.endsWith(end));
  return found === undefined ? undefined : familiarReference(parseReference(found.reference));
}

/** Record of a found image. */
export async function readImage(records: ImageRecords, { id }: Found, nameOrId: string): Promise<ImageRecord> {
  const record = await records.image(id);
  if (record !== null) return record;
  throw new RequestError('ORLOP_E_NO_IMAGE', `image '${nameOrId}' has no record any more: ${id}`, {
    hint: 'load or import it again',
  });
}

async function findByName(records: ImageRecords, reference: ImageReference): Promise<Found | null> {
  if (reference.digest === null) {
    const name = formatReference(reference);
    const tag = await records.tag(name);
    return tag === null ? null : { id: tag.image, reference: name };
  }
  // The digest identifies the image. The repository must be one of its names, the tag is ignored.
  const repository = formatReference({ ...reference, tag: null, digest: null });
  const { tags } = await records.tags();
  for (const tag of tags.filter((tag) => tag.reference.startsWith(`${repository}:`))) {
    const image = await records.image(tag.image);
    if (image?.manifest.digest === reference.digest) return { id: image.id, reference: null };
  }
  return null;
}
