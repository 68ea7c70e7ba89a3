import { open } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';

/**
 * Opens the path of an archive for reading, or takes a descriptor as it is, which stays the caller's.
 *
 * @throws RequestError ORLOP_E_ARCHIVE for a directory
 */
export async function withSource<Result>(
  source: string | number,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  if (typeof source === 'number') return use(source);
  const file = await open(source, 'r');
  try {
    if ((await file.stat()).isDirectory()) {
      throw new RequestError('ORLOP_E_ARCHIVE', `'${source}' is a directory, not an archive`, {
        hint: `a root filesystem in a directory is packed with: tar -C '${source}' -c . | orlop import - NAME`,
      });
    }
    return await use(file.fd);
  } finally {
    await file.close();
  }
}
