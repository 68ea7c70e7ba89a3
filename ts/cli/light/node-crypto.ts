// Replaces node:crypto in the bundle of the command line; scripts/build-ts.mjs substitutes it. Loading node:crypto
// takes some 6 ms, as long as a whole start may take. A start only needs two IDs and the hash of a name.
import { closeSync, openSync, readSync } from 'node:fs';
import { sha256 } from './sha256.ts';

type Crypto = typeof import('node:crypto');

const nodeCrypto = (): Crypto => process.getBuiltinModule('node:crypto');

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
    // Without /dev, fall back to node:crypto, which uses the system call.
  }
  return nodeCrypto().randomBytes(size);
}

/** Hashes like createHash of node:crypto. Content longer than the names that a start hashes goes to node:crypto. */
export function createHash(algorithm: 'sha256'): Hash {
  return new Hash(algorithm);
}

/** Number of bytes from which loading node:crypto is faster. */
const minNodeCryptoBytes = 4096;

class Hash {
  readonly #algorithm: string;
  readonly #content: Uint8Array[] = [];
  #length = 0;
  #nodeHash: import('node:crypto').Hash | undefined;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
  }

  update(content: string | Uint8Array): this {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.#length += bytes.length;
    if (this.#nodeHash !== undefined || this.#length > minNodeCryptoBytes) this.#toNodeHash().update(bytes);
    // Copy, because the caller may reuse its buffer.
    else this.#content.push(Buffer.from(bytes));
    return this;
  }

  digest(form: 'hex'): string {
    return this.#nodeHash?.digest(form) ?? Buffer.from(sha256(Buffer.concat(this.#content))).toString(form);
  }

  #toNodeHash(): import('node:crypto').Hash {
    if (this.#nodeHash !== undefined) return this.#nodeHash;
    const hash = nodeCrypto().createHash(this.#algorithm);
    for (const bytes of this.#content) hash.update(bytes);
    this.#nodeHash = hash;
    return hash;
  }
}
