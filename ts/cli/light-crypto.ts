// Stands in for node:crypto in the bundle of the command line; scripts/build-ts.mjs puts it there. Loading node:crypto
// takes some 3 ms, half of what a start may take; all that a start wants of it are two IDs.
import { closeSync, openSync, readSync } from 'node:fs';

type Crypto = typeof import('node:crypto');

const whole = (): Crypto => process.getBuiltinModule('node:crypto');

/** Bytes from the kernel's random source. */
export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes, 0, size, null) === size) return bytes;
    } finally {
      closeSync(file);
    }
  } catch {
    // Where there is no /dev, the system call is there all the same.
  }
  return whole().randomBytes(size);
}

/** node:crypto's own, loaded when something is hashed: a start hashes nothing. */
export const createHash: Crypto['createHash'] = (...given) => whole().createHash(...given);
