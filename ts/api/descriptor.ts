import { fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';

/**
 * Opens the archive at a path for reading, or uses the caller's descriptor, which stays open.
 *
 * @throws RequestError ORLOP_E_ARCHIVE for a directory, ORLOP_E_INPUT for a number that is not an open descriptor
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
 * Checks a descriptor of the caller.
 *
 * @throws RequestError ORLOP_E_INPUT if it is not open: the archive would be lost, and its writer would wait for ever
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
