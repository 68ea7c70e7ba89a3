import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Native } from '../native/contract.ts';
import { errorCode } from './system-error.ts';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Uses a directory of the store whose owner and mode a container may have changed: the root of its read-write layer or
 * of a volume. If its owner is from a range of IDs, a user may not open it, and the launcher may.
 */
export async function withForeignDirectory<Result>(
  native: Native,
  path: string,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  const directory = await open(path, flags).catch((error: unknown) => {
    if (errorCode(error) === 'EACCES') return null;
    throw error;
  });
  if (directory !== null) return use(directory.fd).finally(() => directory.close());
  const parent = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const descriptor = await native.openInRoot(parent.fd, basename(path), flags);
    return await use(descriptor).finally(() => native.close(descriptor));
  } finally {
    await parent.close();
  }
}
