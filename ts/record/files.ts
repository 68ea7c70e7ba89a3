import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from '../linux/proc.ts';
import type { Change } from '../native/contract.ts';
import { shortId } from '../plan/holes.ts';
import { isId } from '../store/id.ts';
import { damaged, readRecord, readRecordSync, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';
import {
  type ContainerRecord,
  type ContainerState,
  containerSchema,
  type Durability,
  exitedState,
  type StoredContainer,
  stateSchema,
  unobserved,
} from './schema.ts';

// The directory of one container:
//   config.json   the record
//   state.json    the state
//   volumes/NAME  an empty file for each volume, so that a damaged record still protects what its container uses
//   making        the note that its volumes are being made, by a process that holds the container's lock
//   removing      the note that a removal began; its text is 'volumes' if the anonymous volumes are removed too

export const kinds: readonly Durability[] = ['ephemeral', 'durable'];

/** Directory of the records of a kind. */
export function parentOf(store: Store, durability: Durability): string {
  return durability === 'durable' ? store.containersPath : store.ephemeralPath;
}

/** The directory of a container. */
export function containerDirectory(store: Store, id: string, durability: Durability): string {
  return `${parentOf(store, durability)}/${id}`;
}

/** Finds the kind of a container's record by its full ID; null if there is none. */
export async function locate(store: Store, id: string): Promise<Durability | null> {
  if (!isId(id)) return null;
  for (const durability of kinds) {
    if ((await namesIn(containerDirectory(store, id, durability))) !== null) return durability;
  }
  return null;
}

/**
 * Lists a directory; null if there is none. Other errors are thrown: otherwise with too many open files a container
 * would seem removed, and its volumes unused.
 */
export async function namesIn(path: string): Promise<string[] | null> {
  try {
    return await readdir(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

/** IDs of all containers. */
export async function containerIds(store: Store): Promise<{ id: string; durability: Durability }[]> {
  const lists = await Promise.all(
    kinds.map(async (durability) =>
      (await readdir(parentOf(store, durability))).filter(isId).map((id) => ({ id, durability })),
    ),
  );
  return lists.flat();
}

/** Path of a container's state. */
export function statePath(store: Store, id: string, durability: Durability): string {
  return `${containerDirectory(store, id, durability)}/state.json`;
}

/** Replaces the record of a waiting container, whose application was not known before. */
export async function writeDescription(store: Store, record: ContainerRecord, durability: Durability): Promise<void> {
  const path = join(containerDirectory(store, record.id, durability), 'config.json');
  if (durability === 'durable') await writeRecord(path, record, { durable: true });
  else replaceInMemory(store, path, record);
}

/** Replaces record and state of an ephemeral container synchronously; does nothing if it is gone. */
export function replaceRecords(store: Store, record: ContainerRecord, state: ContainerState): void {
  const directory = containerDirectory(store, record.id, 'ephemeral');
  try {
    store.native.change([
      ...replacing(join(directory, 'config.json'), record),
      ...replacing(join(directory, 'state.json'), state),
    ]);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * Notes synchronously that an ephemeral container uses a volume. The file beside the record protects the volume.
 * Writing takes microseconds, for which a request to a pool should not wait for another tick.
 */
export function noteUse(store: Store, id: string, volume: string): void {
  const directory = join(containerDirectory(store, id, 'ephemeral'), 'volumes');
  try {
    writeFileSync(join(directory, volume), '', { mode: 0o600 });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, volume), '', { mode: 0o600 });
  }
}

/** Reads a container; null when it is gone. Throws ORLOP_E_DAMAGED. */
export async function readContainer(store: Store, id: string, durability: Durability): Promise<StoredContainer | null> {
  const directory = containerDirectory(store, id, durability);
  const hint = `remove the container: orlop rm -f ${shortId(id)}`;
  const path = join(directory, 'config.json');
  const record = await readRecord(path, containerSchema, hint);
  const readState = () => readRecord(join(directory, 'state.json'), stateSchema, hint);
  const state = record === null ? null : await readState();
  if (record !== null && state !== null) {
    if (record.id !== id) throw damaged(path, `it is the record of '${record.id}'`, hint);
    if (await isTrue(state)) return { record, state, durability };
    // The owner may have recorded the exit, and exited itself, between the two looks.
    const now = (await readState()) ?? state;
    return { record, state: (await isTrue(now)) ? now : exitedState(now, unobserved), durability };
  }
  // A container's directory appears with its records. Without them it is damaged, unless it was removed just now.
  if ((await namesIn(directory)) === null) return null;
  throw damaged(record === null ? path : join(directory, 'state.json'), 'it is missing', hint);
}

/**
 * Reads the state of a container again, whose record was read before: that changes no more once its application runs.
 * Null when it is gone, cannot be read, or is not true: `readContainer` has the reason.
 */
export async function readAgain(
  store: Store,
  { record, durability }: Pick<StoredContainer, 'record' | 'durability'>,
): Promise<StoredContainer | null> {
  // Synchronous: it takes microseconds, and each step of an asynchronous one a thread.
  const state = readRecordSync(statePath(store, record.id, durability), stateSchema);
  return state === null || !(await isTrue(state)) ? null : { record, durability, state };
}

/**
 * False if application and owner are dead, and the exit was not recorded. The dead owner stays in the state, so that a
 * recovery records the exit.
 */
async function isTrue(state: ContainerState): Promise<boolean> {
  const application = applicationOf(state);
  if (state.status !== 'running' || (application !== null && (await isAlive(application)))) return true;
  // A live owner records the exit in a moment. Until then the exit status is unknown.
  return state.owner !== null && (await isAlive(state.owner));
}

/** Recorded identity of the application; null: none. */
export function applicationOf({ pid, startTime, owner }: ContainerState): ProcessIdentity | null {
  if (pid === null || startTime === null || owner === null) return null;
  return { pid, startTime, boot: owner.boot, namespace: owner.namespace };
}

/** The same of a container that runs: one that waits in a pool has a process, and no application yet. */
export function runningApplication(state: ContainerState): ProcessIdentity | null {
  return state.status === 'running' ? applicationOf(state) : null;
}

/** Writes the state; false when the container was removed meanwhile. */
export async function writeState(
  store: Store,
  id: string,
  durability: Durability,
  state: ContainerState,
): Promise<boolean> {
  const path = join(containerDirectory(store, id, durability), 'state.json');
  try {
    if (durability === 'durable') await writeRecord(path, state, { durable: true });
    else replaceInMemory(store, path, state);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return false;
  }
}

/** Replaces a file in memory. Only the container's owner writes it, so a fixed temporary name is safe. */
function replaceInMemory({ native }: Store, path: string, record: ContainerState | ContainerRecord): void {
  native.change(replacing(path, record));
}

function replacing(path: string, record: ContainerState | ContainerRecord): Change[] {
  return [
    ['write', `${path}.tmp`, JSON.stringify(record), 0o600],
    ['rename', `${path}.tmp`, path],
  ];
}

/** Names of a container's volumes, even if its record is damaged. */
export async function volumeNames(store: Store, id: string, durability: Durability): Promise<string[]> {
  return (await namesIn(join(containerDirectory(store, id, durability), 'volumes'))) ?? [];
}
