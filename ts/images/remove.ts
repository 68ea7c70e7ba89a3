import { RequestError } from '../errors/index.ts';
import type { Context } from './context.ts';
import type { Digest } from './digest.ts';
import { sweepContent } from './layers/sweep.ts';
import { type Found, findImage } from './records/find.ts';
import { writeIndex } from './records/index-json.ts';
import { familiarReference, hostImage, parseReference } from './records/reference.ts';
import type { RemovedImage, RemoveOptions } from './types.ts';

/** Removes a name from an image, and the image with its last name. */
export async function removeImage(context: Context, nameOrId: string, options: RemoveOptions): Promise<RemovedImage> {
  if (nameOrId === hostImage) {
    throw new RequestError('ORLOP_E_INPUT', `the image '${hostImage}' is built in and cannot be removed`);
  }
  const { untagged, removed } = await removeRecords(context, nameOrId, options);
  const deleted = removed === null ? [] : [removed, ...(await sweepContent(context))];
  return { untagged: untagged.map((name) => familiarReference(parseReference(name))), deleted };
}

async function removeRecords(
  context: Context,
  nameOrId: string,
  options: RemoveOptions,
): Promise<{ untagged: readonly string[]; removed: Digest | null }> {
  const { store, records } = context;
  const lock = await store.lockToWrite('image', 'records', { signal: options.signal });
  try {
    const found = await findImage(records, nameOrId);
    const names = (await records.tags()).tags.filter((tag) => tag.image === found.id).map((tag) => tag.reference);
    const { untag, remove } = await decide(found, names, nameOrId, options);
    for (const name of untag) await records.removeTag(name);
    if (remove) await records.remove(found.id);
    await writeIndex(store, records);
    return { untagged: untag, removed: remove ? found.id : null };
  } finally {
    await lock.release();
  }
}

/** Decides like Docker, but keeps an image that containers use, if necessary without a name. */
async function decide(
  found: Found,
  names: readonly string[],
  asked: string,
  { force = false, usedBy }: RemoveOptions,
): Promise<{ untag: readonly string[]; remove: boolean }> {
  if (found.reference !== null && names.length > 1) return { untag: [found.reference], remove: false };
  const users = await usedBy(found.id);
  if (users.length > 0 && !(force && names.length > 0)) {
    throw new RequestError('ORLOP_E_IMAGE_IN_USE', `image '${asked}' is used by ${containers(users)}`, {
      hint: `remove ${users.length === 1 ? 'it' : 'them'} first: orlop rm ${users.join(' ')}`,
    });
  }
  if (names.length > 1 && !force) {
    const list = names.map((name) => familiarReference(parseReference(name))).join(', ');
    throw new RequestError('ORLOP_E_IMAGE_IN_USE', `image '${asked}' has several names: ${list}`, {
      hint: 'remove it by a name, or with --force by its ID',
    });
  }
  return { untag: names, remove: users.length === 0 };
}

function containers(names: readonly string[]): string {
  return `${names.length === 1 ? 'container' : 'containers'} ${names.join(', ')}`;
}
