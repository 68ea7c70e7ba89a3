import { randomBytes } from 'node:crypto';
import { constants, fsync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/**
 * Writes a file anew: complete or not at all. With `durable` its content has reached the disk before it gets its name;
 * that the name stays is its directory's to say (`syncDirectory`).
 */
export async function replaceFile(
  path: string,
  content: string,
  { mode, durable }: { readonly mode: number; readonly durable: boolean },
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      if (durable) await sync(file);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/**
 * fsync(2). By the descriptor, because a program may put its own node:fs in the place of Node's: Yarn's Plug'n'Play does,
 * and its FileHandle has no `sync`.
 */
export function sync({ fd }: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
}

/** Makes the names in a directory durable: fsync(2) of a file does not. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(directory);
  } finally {
    await directory.close();
  }
}
