import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { bootId, isAlive } from '../linux/proc.ts';
import type { ContainerStore } from '../record/container-store.ts';
import { applicationOf, containerIds, locate, readContainer } from '../record/files.ts';
import { removeLayer } from '../record/layer.ts';
import { takeQuota } from '../record/quota.ts';
import { killApplication, removeContainer } from '../record/remove.ts';
import { readRemoving, sweepTemporary } from '../record/removing.ts';
import { type Durability, type StoredContainer, unobserved } from '../record/schema.ts';
import { mapBounded } from '../store/bounded.ts';
import { isId } from '../store/id.ts';
import { readRecord, recordSchema, writeRecord } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { isNoSpace } from '../store/system-error.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { resumeAbandoned } from './pause/pause.ts';

/**
 * Cleans up after dead processes: resumes paused containers, removes ephemeral containers without an owner, kills
 * applications without an owner, completes removals, and after a reboot removes what only the lost records knew of.
 */
export async function recover(store: Store, containers: ContainerStore): Promise<void> {
  await sweepTemporary(store, (id) => removeLayer(store, id));
  // First, because a process that cgroup v1 has frozen cannot be killed.
  await resumeAbandoned(store);
  const all = await containerIds(store);
  await mapBounded(all, ({ id, durability }) => recoverOne(store, containers, id, durability));
  await sweepLocks(store, new Set(all.map(({ id }) => id)));
  await sweepAfterReboot(store, containers.volumes);
}

async function recoverOne(store: Store, containers: ContainerStore, id: string, durability: Durability): Promise<void> {
  // Most containers need nothing: look before taking the lock.
  if ((await needs(store, id, durability)) === null) return;
  const lock = await store.tryLock('container', id, 'exclusive');
  if (lock === null) return;
  try {
    const need = await needs(store, id, durability);
    if (need === null) {
      // The container was removed with its lock file, so the lock made a new file.
      if ((await locate(store, id)) === null) await lock.retire();
      return;
    }
    const { container } = need;
    if (container !== null) await killApplication(store, id, container.state);
    if (need.kind === 'exit' && container !== null) {
      await containers.exited(container, unobserved);
      return;
    }
    const removal = { id, durability, container, volumes: need.volumes, exit: unobserved };
    await removeContainer(store, containers.volumes, removal);
    await lock.retire();
  } finally {
    await lock.release();
  }
}

/** Removes the lock files of containers that a killed process was about to make. */
async function sweepLocks(store: Store, known: ReadonlySet<string>): Promise<void> {
  const directory = dirname(store.lockFile('container', 'any'));
  const names = await readdir(directory).catch((): string[] => []);
  for (const id of names.map((name) => basename(name, '.lock'))) {
    if (!isId(id) || known.has(id)) continue;
    const lock = await store.tryLock('container', id, 'exclusive');
    if (lock === null) continue;
    if ((await locate(store, id)) === null) await lock.retire();
    else await lock.release();
  }
}

interface Need {
  /** `remove`: remove the container. `exit`: kill its application, which has no owner, and record the exit. */
  readonly kind: 'remove' | 'exit';
  readonly volumes: boolean;
  readonly container: StoredContainer | null;
}

async function needs(store: Store, id: string, durability: Durability): Promise<Need | null> {
  const container = await readContainer(store, id, durability).catch((error: unknown) => {
    if (error instanceof RequestError) return null;
    throw error;
  });
  const removing = await readRemoving(store, id, durability);
  if (removing !== null) return { kind: 'remove', volumes: removing.volumes, container };
  if (container === null) return null;
  const { owner, status } = container.state;
  const orphan = owner === null || !(await isAlive(owner));
  // The state of an ephemeral container names its owner until the container is removed.
  if (durability === 'ephemeral') return orphan ? { kind: 'remove', volumes: true, container } : null;
  if (owner === null || !orphan) return null;
  // One that was being started has no application, and may be started again.
  const ran = status === 'exited' || (status === 'running' && applicationOf(container.state) !== null);
  return ran ? { kind: 'exit', volumes: false, container } : null;
}

const bootSchema = recordSchema(() => v.object({ boot: v.string() }));

/**
 * Removes layers and volumes of ephemeral containers that lost their records by a reboot. The boot ID tells of a reboot,
 * not the missing records: another process may have the same store open with another run directory.
 */
async function sweepAfterReboot(store: Store, volumes: Volumes): Promise<void> {
  const path = join(store.root, 'boot.json');
  const boot = await bootId();
  const before = await readRecord(path, bootSchema).catch(() => null);
  if (before?.boot === boot) return;
  const lock = await store.tryLock('store', 'boot', 'exclusive');
  if (lock === null) return;
  try {
    if (before !== null) await sweepLost(store, volumes);
    // A full file system must not keep a program from opening the store to make room. The next program sweeps again.
    await writeRecord(path, { boot }, { durable: true }).catch((error: unknown) => {
      if (!isNoSpace(error)) throw error;
    });
  } finally {
    await lock.release();
  }
}

async function sweepLost(store: Store, volumes: Volumes): Promise<void> {
  // Layers before records: a container's record is written before its layer is made.
  const layers = await readdir(store.layersPath);
  const mountPoints = await readdir(store.mntPath);
  const all = await volumes.list();
  const known = new Set<string>();
  for (const { id, durability } of await containerIds(store)) {
    known.add(id);
    const container = await readContainer(store, id, durability).catch(() => null);
    if (container !== null) known.add(container.record.layer);
  }
  for (const layer of new Set([...layers, ...mountPoints])) {
    if (known.has(layer) || !(await isReadWrite(store, layer, mountPoints))) continue;
    await store.native.changeLater(takeQuota(store, layer)).catch(() => {});
    await removeLayer(store, layer);
  }
  for (const { name, container } of all.volumes) {
    if (container !== null && !known.has(container)) await volumes.remove(name).catch(ignoreRefusal);
  }
}

/** True for a read-write layer: layers of images have neither a work directory nor a mount point. */
async function isReadWrite(store: Store, layer: string, mountPoints: readonly string[]): Promise<boolean> {
  return mountPoints.includes(layer) || (await lstat(store.workPath(layer)).catch(() => null)) !== null;
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof RequestError)) throw error;
}
