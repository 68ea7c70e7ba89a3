import { constants, fstatSync, read, readSync } from 'node:fs';
import type { Native } from '../../native/contract.ts';
import { errorCode } from '../../store/system-error.ts';

/** Largest file to read synchronously, in bytes: its way through a thread would take longer. */
const maxSyncBytes = 64 << 10;

/** Reasons why an untrusted file cannot be read. */
export type Unreadable = 'missing' | 'special' | 'too long';

/**
 * Opens a regular file below a directory, with the directory as `/`, for the duration of `use`. It opens no other type
 * of file in an untrusted tree: a FIFO would block, a device would act.
 */
export async function withFileIn<Result>(
  native: Native,
  root: number,
  path: string,
  use: (descriptor: number, size: number) => Promise<Result>,
): Promise<Result | Unreadable> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  let descriptor: number;
  try {
    descriptor = await native.openInRoot(root, path, flags);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return 'missing';
    // A socket, or a device that the file system does not allow to open.
    if (['ENXIO', 'EACCES', 'ENODEV'].includes(code)) return 'special';
    throw error;
  }
  try {
    const facts = fstatSync(descriptor);
    return facts.isFile() ? await use(descriptor, facts.size) : 'special';
  } finally {
    await native.close(descriptor);
  }
}

/** Reads a regular file below a directory if it has at most `limit` bytes. */
export async function readFileIn(
  native: Native,
  root: number,
  path: string,
  limit: number,
): Promise<Buffer | Unreadable> {
  return withFileIn(native, root, path, async (descriptor, size) => {
    if (size > limit) return 'too long';
    // One extra byte: a file that grows meanwhile is not read to its end.
    const buffer = Buffer.alloc(size + 1);
    let length = 0;
    while (length < buffer.length) {
      const rest = [buffer, length, buffer.length - length, length] as const;
      const bytesRead = size <= maxSyncBytes ? readSync(descriptor, ...rest) : await readLater(descriptor, ...rest);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return length > size ? 'too long' : buffer.subarray(0, length);
  });
}

function readLater(descriptor: number, buffer: Buffer, offset: number, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, buffer, offset, length, at, (error, count) => (error ? reject(error) : resolve(count)));
  });
}
