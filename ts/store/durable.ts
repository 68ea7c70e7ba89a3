import { randomBytes } from 'node:crypto';
import { constants, fsync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/**
 * Replaces a file, complete or not at all. With `durable`, its content is on disk before the rename. The caller makes
 * the rename itself durable with `syncDirectory`.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
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
 * fsync(2) by descriptor: a program may replace node:fs (as Yarn's Plug'n'Play does), and the replaced FileHandle may
 * have no `sync`.
 */
export function sync({ fd }: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
}

/** Syncs the names in a directory, which fsync(2) of a file does not. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(directory);
  } finally {
    await directory.close();
  }
}
