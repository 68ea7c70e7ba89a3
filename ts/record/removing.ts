import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from '../linux/proc.ts';
import type { Change } from '../native/contract.ts';
import { replaceFile, syncDirectory } from '../store/durable.ts';
import { readRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { errorCode, isNoSpace } from '../store/system-error.ts';
import { containerDirectory, kinds, namesIn, parentOf } from './files.ts';
import { type ContainerState, type Durability, stateSchema } from './schema.ts';
import { parseTemporaryName, temporaryName } from './temporary-names.ts';

// The removal of a container's directory, which a recovery completes after a crash.

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
