// Stands in for node:crypto in the bundle of the command line; scripts/build-ts.mjs puts it there. Loading node:crypto
// takes some 3 ms, half of what a start may take; all that a start wants of it are two IDs and the names of two files.
// test/unit/cli/light-crypto.test.ts compares both.
import { closeSync, openSync, readSync } from 'node:fs';
import { sha256OfText } from './sha256.ts';

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

/** The longest text, in UTF-16 units, that is hashed here. */
const short = 1024;

/** A hash of one text or of some bytes, `createHash('sha256').update(content).digest('hex')`. */
export function createHash(algorithm: 'sha256'): {
  update(content: string | Uint8Array): { digest(encoding: 'hex'): string };
} {
  return {
    update: (content) => ({
      digest: (encoding) =>
        typeof content === 'string' && content.length <= short
          ? sha256OfText(content)
          : whole().createHash(algorithm).update(content).digest(encoding),
    }),
  };
}
