import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { isId } from '../store/id.ts';
import { damaged, readRecord, readRecordNow, recordSchema, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';

/** What is known of a volume: `volume.json`, beside its `_data`. */
export interface VolumeRecord {
  /** As given, or 64 hex digits for an anonymous one. */
  readonly name: string;
  readonly driver: 'local';
  readonly anonymous: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly created: string;
  /** ID of the container whose end removes it, where there is one. */
  readonly container: string | null;
  /** An image's content was copied into it; that happens once. */
  readonly populated: boolean;
}

/** A volume of the store. */
export interface Volume extends VolumeRecord {
  /** The directory of the host that containers see. */
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

/** Form of a volume's name; the longest is what a file name may have. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/** Whether a text can be a volume's name or ID; nothing else may become part of a path. */
export function isVolumeName(name: string): boolean {
  return namePattern.test(name);
}

/** Name of the file beside `_data`. */
const recordName = 'volume.json';

/** The volume of that name, or null. Throws ORLOP_E_DAMAGED when its record cannot be read. */
export async function readVolume(store: Store, name: string): Promise<Volume | null> {
  if (!isVolumeName(name)) return null;
  const path = join(store.volumePath(name), recordName);
  const hint = `its data is still in ${store.volumeData(name)}: copy what you need, then remove the volume`;
  const record = await readRecord(path, schema, hint);
  if (record === null) {
    // A volume gets its name together with its record, so one without has lost it.
    if (await isDirectory(store.volumePath(name))) throw damaged(path, 'it is missing', hint);
    return null;
  }
  if (record.name !== name) throw damaged(path, `it is the record of '${record.name}'`, hint);
  return { ...record, mountpoint: store.volumeData(name) };
}

/** The same without a turn of the event loop; null also where it cannot be read at once: `readVolume` says why. */
export function readVolumeNow(store: Store, name: string): Volume | null {
  if (!isVolumeName(name)) return null;
  const record = readRecordNow(join(store.volumePath(name), recordName), schema);
  return record?.name === name ? { ...record, mountpoint: store.volumeData(name) } : null;
}

/** Whether there is a directory at the path; a link to one is none. */
export async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}

/** Writes the record of a volume into its directory, or into the one it is built in. */
export function writeVolume(directory: string, volume: VolumeRecord, durable: boolean): Promise<void> {
  const { name, driver, anonymous, labels, created, container, populated } = volume;
  const record: VolumeRecord = { name, driver, anonymous, labels, created, container, populated };
  return writeRecord(join(directory, recordName), record, { durable });
}

/** The error for a volume that is not there. */
export function noVolume(name: string): RequestError {
  return new RequestError('ORLOP_E_NO_VOLUME', `no volume has the name '${name}'`, {
    hint: isId(name)
      ? `anonymous ones go with their containers: see 'orlop volume ls'`
      : `list them with 'orlop volume ls', or make it with 'orlop volume create'`,
  });
}
