import { RequestError } from '../errors/index.ts';
import { bootId } from '../linux/proc.ts';
import { sigkill } from '../linux/signals.ts';
import type { Store } from '../store/store.ts';
import { readVolume } from '../volumes/record.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { applicationOf, volumeNames } from './files.ts';
import { endNotedGroup } from './groups.ts';
import { removeLayer } from './layer.ts';
import { takeQuota, unlimitLayer } from './quota.ts';
import { removeDirectory, writeRemoving } from './removing.ts';
import type { ContainerState, Durability, RecordedExit, StoredContainer } from './schema.ts';
import { letWaitersRead } from './waiters.ts';

export interface Removal {
  readonly id: string;
  readonly durability: Durability;
  /** Null: the record is damaged. */
  readonly container: StoredContainer | null;
  /** Remove the anonymous volumes too. */
  readonly volumes: boolean;
  /** Exit to record for programs that wait for it; null: unknown. */
  readonly exit: RecordedExit | null;
}

/**
 * Removes a container's anonymous volumes, read-write layer, and the record last, because after a crash the record
 * leads to the rest. The caller holds the container's lock. The application has exited.
 */
export async function removeContainer(store: Store, volumes: Volumes, removal: Removal): Promise<void> {
  const { id, durability, container } = removal;
  // An ephemeral container needs no note: a recovery removes it in any case.
  if (durability === 'durable') await writeRemoving(store, id, durability, removal.volumes);
  if (removal.volumes) {
    for (const name of await anonymousVolumes(store, removal)) await removeUnused(volumes, name, id, durability);
  }
  const unlimited = container === null ? takeQuota(store, id) : unlimitLayer(store, container.record);
  // What fails here leaves a number that no other layer takes.
  if (unlimited.length > 0) await store.native.changeLater(unlimited).catch(() => {});
  await removeLayer(store, container?.record.layer ?? id);
  if (container !== null && removal.exit !== null) await letWaitersRead(store, container, removal.exit);
  // A start in progress may have executed an application since its state was read.
  const starting = container?.state.status !== 'running';
  await removeDirectory(store, id, durability, starting ? (state) => killApplication(store, id, state) : undefined);
}

async function anonymousVolumes(store: Store, { id, durability, container }: Removal): Promise<string[]> {
  if (container !== null) return container.record.volumes.filter((use) => use.anonymous).map((use) => use.name);
  const names: string[] = [];
  for (const name of await volumeNames(store, id, durability)) {
    const volume = await readVolume(store, name).catch(() => null);
    if (volume?.anonymous) names.push(name);
  }
  return names;
}

/** Removes an anonymous volume, unless another container uses it. */
async function removeUnused(volumes: Volumes, name: string, container: string, durability: Durability): Promise<void> {
  try {
    await volumes.remove(name, { except: container, durable: durability === 'durable' });
  } catch (error) {
    if (error instanceof RequestError && error.code === 'ORLOP_E_VOLUME_IN_USE') return;
    if (error instanceof RequestError && error.code === 'ORLOP_E_NO_VOLUME') return;
    throw error;
  }
}

/**
 * Kills the recorded application, if its PID is still its own, and waits for the exit; then ends what it has left in
 * the caller's PID namespace.
 */
export async function killApplication(store: Store, id: string, state: ContainerState): Promise<void> {
  const application = applicationOf(state);
  if (application !== null && application.boot === (await bootId())) {
    const { pid, startTime } = application;
    if (store.native.killOther(pid, startTime, sigkill)) await store.native.waitOther(pid, startTime);
  }
  await endNotedGroup(store, id);
}
