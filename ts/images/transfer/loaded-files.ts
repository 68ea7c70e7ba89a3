import { RequestError } from '../../errors/index.ts';
import type { Native } from '../../native/contract.ts';
import { type Digest, hexOf, sha256 } from '../digest.ts';
import { readFileIn, type Unreadable, withFileIn } from '../users/read-file.ts';
import { maxDocumentBytes } from './documents.ts';

/** Files of an unpacked archive of images. Its names are untrusted: they are looked up below its root only. */
export class LoadedFiles {
  readonly #native: Native;
  readonly #root: number;

  constructor(native: Native, root: number) {
    this.#native = native;
    this.#root = root;
  }

  async has(path: string): Promise<boolean> {
    const found = await withFileIn(this.#native, this.#root, path, async () => true);
    return found === true;
  }

  /** @throws {RequestError} ORLOP_E_ARCHIVE */
  async document(path: string): Promise<Buffer> {
    const content = await readFileIn(this.#native, this.#root, path, maxDocumentBytes);
    if (typeof content === 'string') throw refuse(path, content);
    return content;
  }

  /**
   * Reads a document by its digest, from its place in an OCI image layout.
   *
   * @throws {RequestError} ORLOP_E_ARCHIVE
   */
  async blob({ digest, size }: { readonly digest: Digest; readonly size: number }): Promise<Buffer> {
    const content = await this.document(blobPath(digest));
    if (content.length !== size || sha256(content) !== digest) {
      throw new RequestError('ORLOP_E_ARCHIVE', `blob ${digest} of the archive is not what its digest says`, {
        hint: 'the archive is damaged or was changed; get it again from where it comes from',
      });
    }
    return content;
  }

  /**
   * Opens a file for the duration of `use`.
   *
   * @throws {RequestError} ORLOP_E_ARCHIVE
   */
  async file<Result extends object>(path: string, use: (descriptor: number) => Promise<Result>): Promise<Result> {
    const result = await withFileIn(this.#native, this.#root, path, use);
    if (typeof result === 'string') throw refuse(path, result as Unreadable);
    return result as Result;
  }
}

/** Path of a blob in an OCI image layout. */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function refuse(path: string, why: Unreadable): RequestError {
  const reasons: Readonly<Record<Unreadable, string>> = {
    missing: 'it is not in it',
    special: 'it is not a regular file',
    'too long': `it has more than ${maxDocumentBytes} bytes`,
  };
  return new RequestError('ORLOP_E_ARCHIVE', `the archive's file '${path}' cannot be read: ${reasons[why]}`, {
    hint: 'the archive is not complete; write it again',
  });
}
