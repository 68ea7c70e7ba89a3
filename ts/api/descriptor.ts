import { fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';

/**
 * Opens the path of an archive for reading, or takes a descriptor as it is, which stays the caller's.
 *
 * @throws RequestError ORLOP_E_ARCHIVE for a directory, ORLOP_E_INPUT for what is no descriptor
 */
export async function withSource<Result>(
  source: string | number,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  if (typeof source !== 'string') return use(openDescriptor(source));
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

/**
 * A descriptor of the caller.
 *
 * @throws RequestError ORLOP_E_INPUT for what is none: an archive would go to nobody, and its writer wait for ever
 */
export function openDescriptor(given: number): number {
  try {
    fstatSync(given);
    return given;
  } catch (cause) {
    throw new RequestError('ORLOP_E_INPUT', `'${given}' is not an open descriptor`, {
      hint: 'open the file, and give the number: openSync(path, …) of node:fs',
      cause,
    });
  }
}
