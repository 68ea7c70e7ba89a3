import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { replaceFile, syncDirectory } from './durable.ts';
import { errorCode } from './system-error.ts';

/** Version of all records. A change that older versions of orlop cannot read increments it. */
const version = 1;

/** Largest record, in bytes. A larger file is not a record, and must not fill the memory. */
const maxRecordBytes = 4 * 1024 * 1024;

/** A record that could not be read. Other objects are not affected. */
export interface Damaged {
  /** ID of the object: a volume's name, a container's ID. */
  readonly id: string;
  readonly error: RequestError;
}

/** A schema, made when the first record is read: a start reads few kinds of records. */
export type RecordSchema<T> = () => v.GenericSchema<unknown, T>;

export function recordSchema<T>(make: () => v.GenericSchema<unknown, T>): RecordSchema<T> {
  let made: v.GenericSchema<unknown, T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * Refuses a record that could not be read again.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function refuseLong(path: string, content: string): void {
  const size = Buffer.byteLength(content);
  if (size <= maxRecordBytes) return;
  throw new RequestError('ORLOP_E_INPUT', `record '${path}' would have ${size} bytes, more than a record may`, {
    hint: `at most ${maxRecordBytes}: shorten the command, the environment or the labels`,
  });
}

/**
 * Writes a record, complete or not at all. With `durable`, it is on disk when the promise resolves: a power cut leaves
 * either the old record or the new one.
 *
 * @throws RequestError ORLOP_E_INPUT if it is too long to be read
 */
export async function writeRecord(path: string, value: object, { durable }: { durable: boolean }): Promise<void> {
  const content = `${JSON.stringify({ version, ...value })}\n`;
  refuseLong(path, content);
  await replaceFile(path, content, { mode: 0o600, durable });
  if (durable) await syncDirectory(dirname(path));
}

/**
 * Reads a record; null if there is none.
 *
 * @throws RequestError ORLOP_E_DAMAGED with the file and the reason
 */
export async function readRecord<T>(path: string, schema: RecordSchema<T>, hint?: string): Promise<T | null> {
  const text = await readBounded(path, hint);
  return text === null ? null : parseRecord(text, path, schema, hint);
}

/** Largest record to read synchronously, in bytes. */
const maxSyncRecordBytes = 64 * 1024;

/** Reads a small record synchronously; null also if it cannot be read: `readRecord` has the reason. */
export function readRecordSync<T>(path: string, schema: RecordSchema<T>): T | null {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (!status.isFile() || status.size > maxSyncRecordBytes) return null;
    return parseRecord(readFileSync(file, 'utf8'), path, schema);
  } catch {
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function parseRecord<T>(text: string, path: string, schema: RecordSchema<T>, hint?: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, 'it is not JSON', hint, cause);
  }
  const found = versionOf(value);
  if (found === null) throw damaged(path, 'it has no version', hint);
  if (found !== version) {
    throw damaged(path, `it has version ${found}, this orlop reads version ${version}`, hint);
  }
  const parsed = v.safeParse(schema(), value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw damaged(path, `${v.getDotPath(issue) ?? 'record'}: ${issue.message.toLowerCase()}`, hint);
}

function versionOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('version' in value)) return null;
  return typeof value.version === 'number' ? value.version : null;
}

async function readBounded(path: string, hint?: string): Promise<string | null> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, a FIFO in its place would hang the caller.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (errorCode(error) === 'ELOOP') throw damaged(path, 'it is a symlink', hint, error);
    throw error;
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) throw damaged(path, 'it is not a regular file', hint);
    if (status.size > maxRecordBytes) throw damaged(path, `it has ${status.size} bytes, more than a record may`, hint);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** The error for a damaged record. */
export function damaged(path: string, why: string, hint?: string, cause?: unknown): RequestError {
  return new RequestError('ORLOP_E_DAMAGED', `record '${path}' is damaged: ${why}`, {
    hint: hint ?? 'restore the file from a backup, or remove the object it belongs to',
    cause,
  });
}

/** Reads many objects. A damaged one is reported and does not end the listing. */
export async function collect<T>(
  ids: readonly string[],
  read: (id: string) => Promise<T | null>,
): Promise<{ found: T[]; damaged: Damaged[] }> {
  const found: T[] = [];
  const failed: Damaged[] = [];
  for (const id of ids) {
    try {
      const value = await read(id);
      if (value !== null) found.push(value);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      failed.push({ id, error });
    }
  }
  return { found, damaged: failed };
}
