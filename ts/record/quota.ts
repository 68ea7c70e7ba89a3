import { existsSync } from 'node:fs';
import type { Change } from '../native/contract.ts';
import type { Store } from '../store/store.ts';
import type { ContainerRecord, StoredContainer } from './schema.ts';

/** Least space of an inode with content, in bytes. */
const page = 4096;

/** Inodes for what a start makes. */
const spareInodes = 256;

/** Inodes that a layer of that many bytes may have: an empty file takes space too, of which the bytes know nothing. */
export function inodesFor(bytes: number): number {
  return Math.floor(bytes / page) + spareInodes;
}

/**
 * Bounds the read-write layer of a container by a quota, if its request says so. Pure.
 *
 * @param spare bytes beyond the limit
 */
export function limitLayer(store: Pick<Store, 'layerPath'>, record: ContainerRecord, spare = 0): Change[] {
  const { disk } = record.request.limits;
  if (disk === undefined || record.layerInMemory) return [];
  return [['limit', store.layerPath(record.layer), `${disk + spare} ${inodesFor(disk + spare)}`]];
}

/**
 * Bytes for the directories that the union and the mounts need at a start. Without them a full layer could not be
 * started again, to remove what fills it: xfs counts ahead what a new directory could take, and the kernel mounts a
 * union read-only if it cannot make one. An application that writes at once may take them.
 */
const spareToStart = 1 << 20;

/**
 * Gives a read-write layer with a quota what a start takes beyond its limit. An ephemeral container is started once,
 * and nothing was written to it before.
 */
export async function withSpareSpace<Result>(
  store: Pick<Store, 'native' | 'lock' | 'layerPath'>,
  { record, durability }: Pick<StoredContainer, 'record' | 'durability'>,
  start: () => Promise<Result>,
): Promise<Result> {
  const raised = durability === 'ephemeral' ? [] : limitLayer(store, record, spareToStart);
  if (raised.length === 0) return start();
  await store.native.changeLater(raised);
  try {
    return await start();
  } finally {
    // The application runs. What fails here leaves it the spare bytes.
    await lower(store, record).catch(() => {});
  }
}

/**
 * Takes the spare space back. An application that exits at once may have been removed by then: its project must get no
 * bounds again, which would never be taken away. So it is done under the lock of the removal.
 */
async function lower(store: Pick<Store, 'native' | 'lock' | 'layerPath'>, record: ContainerRecord): Promise<void> {
  const lock = await store.lock('container', record.id, 'exclusive');
  const removed = !existsSync(store.layerPath(record.layer));
  try {
    if (!removed) await store.native.changeLater(limitLayer(store, record));
  } finally {
    // A removal takes its lock file along, so the lock made a new file.
    await (removed ? lock.retire() : lock.release());
  }
}

/** Takes the quota away. Pure. */
export function unlimitLayer(store: Store, record: ContainerRecord): Change[] {
  if (record.request.limits.disk === undefined || record.layerInMemory) return [];
  return takeQuota(store, record.layer);
}

/** Takes the quota of a layer away, if it has one. Pure. */
export function takeQuota(store: Store, layer: string): Change[] {
  return [['unlimit', store.layerPath(layer)]];
}
