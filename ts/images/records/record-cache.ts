import { type BigIntStats, statSync } from 'node:fs';
import type { Change } from '../../native/contract.ts';
import { fileIdentity } from '../../store/file-identity.ts';
import { type RecordSchema, readRecord } from '../../store/record.ts';

/**
 * Cache of records by the identity of their file. A record is replaced by a rename, never written in place, so its
 * inode and time identify it. A stat takes some microseconds; reading and checking a record takes some hundred.
 */
export class RecordCache<T> {
  readonly #schema: RecordSchema<T>;
  readonly #known = new Map<string, { readonly file: BigIntStats; readonly record: T }>();

  constructor(schema: RecordSchema<T>) {
    this.#schema = schema;
  }

  /** Reads a record like `readRecord`: null if there is none; throws ORLOP_E_DAMAGED. */
  async read(path: string, hint: string): Promise<T | null> {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (file === undefined) {
      this.#known.delete(path);
      return null;
    }
    const known = this.#known.get(path);
    if (known !== undefined && sameFile(known.file, file)) return known.record;
    const record = await readRecord(path, this.#schema, hint);
    // `file` is from before the read: if the record was replaced meanwhile, the next call reads it again.
    if (record !== null) this.#known.set(path, { file, record });
    return record;
  }

  /** Check that the file is still the one that was read. */
  check(path: string): Change[] {
    const known = this.#known.get(path);
    if (known === undefined) throw new Error(`'${path}' was not read`);
    return [['same', path, fileIdentity(known.file)]];
  }
}

function sameFile(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs &&
    one.size === other.size &&
    one.dev === other.dev
  );
}
