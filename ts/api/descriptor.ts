import { existsSync, fstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { errorCode } from '../store/system-error.ts';

/**
 * Opens the archive at a path for reading, or uses the caller's descriptor, which stays open.
 *
 * @throws RequestError ORLOP_E_ARCHIVE for a directory and for a file that cannot be opened, ORLOP_E_INPUT for a number that is not an open descriptor
 */
export async function withSource<Result>(
  source: string | number,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  if (typeof source !== 'string') return use(openDescriptor(source));
  const file = await open(source, 'r').catch((cause: unknown) => {
    const why = errorCode(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    throw new RequestError('ORLOP_E_ARCHIVE', `the archive '${source}' cannot be opened: ${why}`, {
      hint: 'check the path',
      cause,
    });
  });
  try {
    if ((await file.stat()).isDirectory()) {
      const layout = existsSync(join(source, 'oci-layout'));
      throw new RequestError('ORLOP_E_ARCHIVE', `'${source}' is a directory, not an archive`, {
        hint: layout
          ? `an OCI image layout is packed with: tar -C '${source}' -c . | orlop load`
          : `a root filesystem in a directory is packed with: tar -C '${source}' -c . | orlop import - NAME`,
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
