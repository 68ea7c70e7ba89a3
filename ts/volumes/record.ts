import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { replaceFile, syncDirectory } from '../store/durable.ts';
import { isId } from '../store/id.ts';
import { damaged, readRecord, readRecordSync, recordSchema, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { whoseStore } from '../store/whose.ts';

/** Record of a volume: `volume.json`, beside its `_data`. */
export interface VolumeRecord {
  /** Name; 64 hexadecimal digits for an anonymous volume. */
  readonly name: string;
  readonly driver: 'local';
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly created: string;
  /** ID of the container whose removal removes the volume; null if there is none. */
  readonly container: string | null;
  /** True once an image's content was copied into the volume, which happens once. */
  readonly populated: boolean;
}

/** A volume of the store. */
export interface Volume extends VolumeRecord {
  /** Directory on the host that is mounted into containers. */
  readonly mountpoint: string;
}

const schema = recordSchema(() =>
  v.object({
    name: v.string(),
    driver: v.literal('local'),
    anonymous: v.boolean(),
    labels: v.record(v.string(), v.string()),
    created: v.pipe(v.string(), v.isoTimestamp()),
    container: v.nullable(v.string()),
    populated: v.boolean(),
  }),
);

/** Form of a volume's name. It must fit into a file name. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/** True for a valid name or ID of a volume. Only such a text may become part of a path. */
export function isVolumeName(name: string): boolean {
  return namePattern.test(name);
}

/** Name of the record beside `_data`. */
const recordName = 'volume.json';

/** The volume of that name, or null. Throws ORLOP_E_DAMAGED if its record cannot be read. */
export async function readVolume(store: Store, name: string): Promise<Volume | null> {
  if (!isVolumeName(name)) return null;
  const path = join(store.volumePath(name), recordName);
  const hint = `its data is still in ${store.volumeData(name)}: copy what you need, then remove the volume`;
  const record = await readRecord(path, schema, hint);
  if (record === null) {
    // A volume is renamed into its place together with its record, so this one has lost it.
    if (await isDirectory(store.volumePath(name))) throw damaged(path, 'it is missing', hint);
    return null;
  }
  if (record.name !== name) throw damaged(path, `it is the record of '${record.name}'`, hint);
  return { ...record, mountpoint: store.volumeData(name) };
}

/** Reads a volume synchronously; null also if it cannot be read: `readVolume` has the reason. */
export function readVolumeSync(store: Store, name: string): Volume | null {
  if (!isVolumeName(name)) return null;
  const record = readRecordSync(join(store.volumePath(name), recordName), schema);
  return record?.name === name ? { ...record, mountpoint: store.volumeData(name) } : null;
}

/** True for a directory, not for a symlink to one. */
export async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}

/** Writes the record of a volume into its directory, or into its staging directory. */
export function writeVolume(directory: string, volume: VolumeRecord, durable: boolean): Promise<void> {
  const { name, driver, anonymous, labels, created, container, populated } = volume;
  const record: VolumeRecord = { name, driver, anonymous, labels, created, container, populated };
  return writeRecord(join(directory, recordName), record, { durable });
}

/** Name of the note, beside the record of an anonymous volume, that other containers may use it by its ID. */
const sharedName = 'shared';

/** True if containers other than its own may use an anonymous volume. Only their records tell which. */
export function isShared(store: Store, name: string): boolean {
  return existsSync(join(store.volumePath(name), sharedName));
}

/**
 * Notes that a container uses an anonymous volume by its ID. Without the note, the removal of the volume's own container
 * need not read the records of all others. The caller holds the volume's lock exclusively.
 */
export async function noteShared(store: Store, name: string): Promise<void> {
  const directory = store.volumePath(name);
  await replaceFile(join(directory, sharedName), '', { mode: 0o600, durable: true });
  await syncDirectory(directory);
}

/** The error for a missing volume. */
export function noVolume(name: string): RequestError {
  return new RequestError('ORLOP_E_NO_VOLUME', `no volume has the name '${name}'`, {
    hint: isId(name)
      ? `anonymous ones go with their containers: see 'orlop volume ls'`
      : `'orlop volume ls' lists those${whoseStore('orlop volume ls') || ' that there are'}; or make it with 'orlop volume create'`,
  });
}
