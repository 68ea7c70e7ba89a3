// Stands in for node:crypto in the bundle of the command line; scripts/build-ts.mjs puts it there. Loading node:crypto
// takes some 6 ms, as long as a start may take in all; all that a start wants of it are two IDs and the hash of a name.
import { closeSync, openSync, readSync } from 'node:fs';
import { sha256 } from './sha256.ts';

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

/** As node:crypto's, which is loaded for what is longer than the names that a start hashes. */
export function createHash(algorithm: 'sha256'): Hash {
  return new Hash(algorithm);
}

/** Bytes from which on it pays to load node:crypto. */
const long = 4096;

class Hash {
  readonly #algorithm: string;
  readonly #content: Uint8Array[] = [];
  #length = 0;
  #whole: import('node:crypto').Hash | undefined;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
  }

  update(content: string | Uint8Array): this {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.#length += bytes.length;
    if (this.#whole !== undefined || this.#length > long) this.#inWhole().update(bytes);
    // Copied: the caller may use its buffer again.
    else this.#content.push(Buffer.from(bytes));
    return this;
  }

  digest(form: 'hex'): string {
    return this.#whole?.digest(form) ?? Buffer.from(sha256(Buffer.concat(this.#content))).toString(form);
  }

  #inWhole(): import('node:crypto').Hash {
    if (this.#whole !== undefined) return this.#whole;
    const hash = whole().createHash(this.#algorithm);
    for (const bytes of this.#content) hash.update(bytes);
    this.#whole = hash;
    return hash;
  }
}
