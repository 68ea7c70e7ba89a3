import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../store/system-error.ts';

/**
 * Path of the index of a layer's owners, beside the layer's directory: what a user namespace could not keep when the
 * layer was unpacked, and packing puts back (`native/archive/owners.h`). Pure.
 */
function ownersPath(diff: string): string {
  return join(dirname(diff), 'owners');
}

/** Has `unpack` write the index of a layer; there is none if it would say nothing. */
export async function writingOwners<T>(diff: string, unpack: (descriptor: number) => Promise<T>): Promise<T> {
  const file = await open(ownersPath(diff), 'wx', 0o600);
  try {
    const result = await unpack(file.fd);
    if ((await file.stat()).size === 0) await unlink(ownersPath(diff));
    return result;
  } finally {
    await file.close();
  }
}

/** Opens the indexes of those layers that have one, in the order of their directories, while `pack` works. */
export async function readingOwners<T>(
  diffs: readonly string[],
  pack: (descriptors: readonly number[]) => Promise<T>,
): Promise<T> {
  const files: FileHandle[] = [];
  try {
    for (const diff of diffs) {
      const file = await open(ownersPath(diff), 'r').catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
      if (file !== undefined) files.push(file);
    }
    return await pack(files.map(({ fd }) => fd));
  } finally {
    for (const file of files) await file.close();
  }
}
