import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Native } from '../native/contract.ts';

/**
 * Uses a directory of the store whose owner and mode a container may have changed: the root of its read-write layer or
 * of a volume. The site of the addon opens it: with an owner from a range of IDs, a user may not, and the launcher may.
 */
export async function withForeignDirectory<Result>(
  native: Native,
  path: string,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  const parent = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const directory = await native.openInRoot(parent.fd, basename(path), flags);
    return await use(directory).finally(() => native.close(directory));
  } finally {
    await parent.close();
  }
}
