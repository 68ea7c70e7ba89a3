import { rm } from 'node:fs/promises';
import { ownIdentity, type ProcessIdentity } from '../linux/proc.ts';
import type { Change } from '../native/contract.ts';
import { jsonWithHoles } from '../plan/holes.ts';
import { refuseLong } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { containerDirectory, parentOf } from './files.ts';
import type { Durability, StoredContainer } from './schema.ts';
import { temporaryName } from './temporary-names.ts';

// The making of a container's directory, which appears completely or not at all.

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
