import { opendirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** Whether nothing is in the directory. */
export async function isEmpty(path: string): Promise<boolean> {
  return (await readdir(path)).length === 0;
}

/** The same without a turn of the event loop. */
export function isEmptyNow(path: string): boolean {
  const directory = opendirSync(path, { bufferSize: 1 });
  try {
    return directory.readSync() === null;
  } finally {
    directory.closeSync();
  }
}
