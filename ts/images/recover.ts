import { isNoSpace } from '../store/system-error.ts';
import type { Context } from './context.ts';
import type { Digest } from './digest.ts';
import { sweepContent } from './layers/sweep.ts';
import { writeIndex } from './records/index-json.ts';

/**
 * Completes or removes what a killed process, or one before a power cut, has left of an image that it was adding.
 *
 * @param isUsed true if a container has the image
 */
export async function recoverImages(context: Context, isUsed: (id: Digest) => Promise<boolean>): Promise<void> {
  const { store, records } = context;
  let removed = false;
  try {
    await records.sweepTemporary(store, async (id) => {
      if (await isNameless(context, id, isUsed)) {
        await records.remove(id);
        removed = true;
      }
      await writeIndex(store, records);
    });
  } catch (error) {
    // A full file system must not keep a program from opening the store to make room. The next program tries again.
    if (!isNoSpace(error)) throw error;
  }
  // An addition stays in staging until its image has a record, also after its content is in place.
  if (removed || store.interrupted) await sweepContent(context);
}

/** True if an image that was to be named has no name, so that its maker never acknowledged it and no one misses it. */
async function isNameless(
  { records }: Context,
  id: Digest,
  isUsed: (id: Digest) => Promise<boolean>,
): Promise<boolean> {
  const { tags, damaged } = await records.tags();
  // A damaged name may be the image's.
  if (damaged.length > 0 || tags.some(({ image }) => image === id)) return false;
  return !(await isUsed(id));
}
