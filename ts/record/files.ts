import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from '../linux/proc.ts';
import type { Change } from '../native/contract.ts';
import { jsonWithHoles, shortId } from '../plan/holes.ts';
import { replaceFile, syncDirectory } from '../store/durable.ts';
import { isId } from '../store/id.ts';
import { damaged, readRecord, refuseLong, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { errorCode, isNoSpace } from '../store/system-error.ts';
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

const kinds: readonly Durability[] = ['ephemeral', 'durable'];

/** Directory of the records of a kind. */
function parentOf(store: Store, durability: Durability): string {
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
async function namesIn(path: string): Promise<string[] | null> {
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

/** True if a batch of changes is not enough to make a container that outlives a kill: its volumes follow. Pure. */
export function isMadeInSteps({ record, durability }: StoredContainer): boolean {
  return durability === 'durable' && record.volumes.length > 0;
}

/**
 * Refuses a container whose record could not be read again.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function refuseLongRecord(changes: readonly Change[]): void {
  for (const change of changes) {
    if (change[0] === 'write') refuseLong(change[1], change[2]);
  }
}

/** Removes the note that the container is being made. Pure. */
export function madeChanges(store: Store, { record, durability }: StoredContainer): Change[] {
  const directory = containerDirectory(store, record.id, durability);
  // After a power cut, the note would have the whole container removed.
  return [
    ['unlink', `${directory}/making`],
    ['sync', directory],
  ];
}

/** Changes that make a container's directory. */
interface NewRecordChanges {
  /** Write it under a temporary name. */
  readonly write: readonly Change[];
  /** Sync what was written, if the container is durable. */
  readonly sync: readonly Change[];
  /** Give it its name. */
  readonly publish: readonly Change[];
}

/**
 * Makes a new container's directory, completely or not at all. Texts may have holes. Pure.
 *
 * @param self is named in the temporary directory, so that a sweep can check that this process lives
 */
export function newRecordChanges(store: Store, container: StoredContainer, self: ProcessIdentity): NewRecordChanges {
  const { record, state, durability } = container;
  const { id, volumes } = record;
  const parent = parentOf(store, durability);
  const temporary = `${parent}/${temporaryName('new', self, id)}`;
  const file = (name: string, text: string): Change => ['write', `${temporary}/${name}`, text, 0o600];
  const withVolumes: Change[] = [
    ['mkdir', `${temporary}/volumes`, 0o700],
    ...volumes.map(({ name }) => file(`volumes/${name}`, '')),
  ];
  const write: Change[] = [
    ['mkdir', temporary, 0o700],
    file('state.json', jsonWithHoles(state)),
    file('config.json', jsonWithHoles(record)),
    ...(volumes.length > 0 ? withVolumes : []),
    ...(isMadeInSteps(container) ? [file('making', '')] : []),
  ];
  const publish: Change[] = [['rename', temporary, `${parent}/${id}`]];
  // Ephemeral records lie in memory and need no sync.
  if (durability === 'ephemeral') return { write, sync: [], publish };
  const written = ['state.json', 'config.json', ...(volumes.length > 0 ? ['volumes'] : [])];
  const synced = [...written.map((name) => `${temporary}/${name}`), temporary];
  return { write, sync: synced.map((path): Change => ['sync', path]), publish: [...publish, ['sync', parent]] };
}

/**
 * Removes a directory that could not be written completely. On a full file system it would take the space of the next,
 * and a sweep does not remove it while this process lives.
 */
export async function removeUnfinished(store: Store, id: string, durability: Durability): Promise<void> {
  const temporary = `${parentOf(store, durability)}/${temporaryName('new', await ownIdentity(), id)}`;
  await rm(temporary, { recursive: true, force: true });
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
  const state = record === null ? null : await readRecord(join(directory, 'state.json'), stateSchema, hint);
  if (record !== null && state !== null) {
    if (record.id !== id) throw damaged(path, `it is the record of '${record.id}'`, hint);
    return { record, state: await confirm(state), durability };
  }
  // A container's directory appears with its records. Without them it is damaged, unless it was removed just now.
  if ((await namesIn(directory)) === null) return null;
  throw damaged(record === null ? path : join(directory, 'state.json'), 'it is missing', hint);
}

/** Corrects a recorded state: if application and owner are dead, the exit was not recorded. */
async function confirm(state: ContainerState): Promise<ContainerState> {
  const application = applicationOf(state);
  if (state.status !== 'running' || (application !== null && (await isAlive(application)))) return state;
  // A live owner records the exit in a moment. Until then the exit status is unknown.
  if (state.owner !== null && (await isAlive(state.owner))) return state;
  // The dead owner stays, so that a recovery records the exit.
  return exitedState(state, unobserved);
}

/** Recorded identity of the application; null: none. */
export function applicationOf({ pid, startTime, owner }: ContainerState): ProcessIdentity | null {
  if (pid === null || startTime === null || owner === null) return null;
  return { pid, startTime, boot: owner.boot, namespace: owner.namespace };
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

/**
 * Notes that a removal begins, so that a recovery completes it after a crash. Written completely or not at all: an
 * empty file means that the anonymous volumes stay, and no record would lead to them. The removal of the first volume
 * is synced, so after a power cut the note must be there too.
 */
export async function writeRemoving(store: Store, id: string, durability: Durability, volumes: boolean): Promise<void> {
  const directory = containerDirectory(store, id, durability);
  const how = { mode: 0o600, durable: volumes };
  try {
    await replaceFile(join(directory, 'removing'), volumes ? 'volumes' : '', how);
    if (volumes) await syncDirectory(directory);
  } catch (error) {
    // The removal frees the space that is missing here.
    if (!isNoSpace(error)) throw error;
  }
}

/** Reads whether a container is to be removed, as a removal that has begun or a making that has not ended. */
export async function readRemoving(
  store: Store,
  id: string,
  durability: Durability,
): Promise<{ readonly volumes: boolean } | null> {
  const directory = containerDirectory(store, id, durability);
  const names = (await namesIn(directory)) ?? [];
  if (names.includes('making')) return { volumes: true };
  if (!names.includes('removing')) return null;
  try {
    return { volumes: (await readFile(join(directory, 'removing'), 'utf8')) === 'volumes' };
  } catch (error) {
    // The removal is complete.
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Renames the directory and removes it, so that a crash leaves no half of it under its name.
 *
 * @param recorded called with the last state, after which no state can be recorded
 */
export async function removeDirectory(
  store: Store,
  id: string,
  durability: Durability,
  recorded?: (state: ContainerState) => Promise<void>,
): Promise<void> {
  const self = await ownIdentity();
  if (durability === 'ephemeral' && recorded === undefined) {
    return store.native.change(removeRecordChanges(store, id, self));
  }
  const parent = parentOf(store, durability);
  const temporary = join(parent, temporaryName('gone', self, id));
  try {
    await rename(join(parent, id), temporary);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return;
  }
  // Otherwise a power cut would bring the container back.
  if (durability === 'durable') await syncDirectory(parent);
  const state = await readRecord(join(temporary, 'state.json'), stateSchema).catch(() => null);
  if (state !== null) await recorded?.(state);
  await rm(temporary, { recursive: true, force: true });
}

/** Removes the directory of an ephemeral container. Pure. */
export function removeRecordChanges(store: Store, id: string, self: ProcessIdentity): Change[] {
  const parent = parentOf(store, 'ephemeral');
  const temporary = `${parent}/${temporaryName('gone', self, id)}`;
  return [
    ['discard', `${parent}/${id}`, temporary],
    ['remove', temporary],
  ];
}

/**
 * Removes directories that dead processes were writing or removing.
 *
 * @param removeLayer is called for a container whose directory did not get its name: it may have its layer already
 */
export async function sweepTemporary(store: Store, removeLayer: (id: string) => Promise<void>): Promise<void> {
  for (const durability of kinds) {
    const parent = parentOf(store, durability);
    for (const name of await readdir(parent)) {
      const made = parseTemporaryName(name);
      if (made === null || (await isAlive(made.owner))) continue;
      if (made.kind === 'new') await removeLayer(made.id);
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

/** The name holds the process, so that a sweep can check that it lives. */
function temporaryName(kind: 'new' | 'gone', { pid, startTime, boot, namespace }: ProcessIdentity, id: string): string {
  return `${kind}.${pid}.${startTime}.${boot}.${namespace.replace(/\D/g, '')}.${id}`;
}

function parseTemporaryName(
  name: string,
): { readonly kind: 'new' | 'gone'; readonly id: string; readonly owner: ProcessIdentity } | null {
  const [kind, pid, startTime, boot, namespace, id] = name.split('.');
  if ((kind !== 'new' && kind !== 'gone') || id === undefined || !isId(id)) return null;
  if (pid === undefined || startTime === undefined || boot === undefined) return null;
  return { kind, id, owner: { pid: Number(pid), startTime, boot, namespace: `pid:[${namespace}]` } };
}
