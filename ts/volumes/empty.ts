import { opendirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** True if the directory is empty. */
export async function isEmpty(path: string): Promise<boolean> {
  return (await readdir(path)).length === 0;
}

/** True if the directory is empty; synchronous. */
export function isEmptySync(path: string): boolean {
  const directory = opendirSync(path, { bufferSize: 1 });
  try {
    return directory.readSync() === null;
  } finally {
    directory.closeSync();
  }
}
