import { RequestError } from '../errors/index.ts';
import { isId } from '../store/id.ts';
import type { Store } from '../store/store.ts';
import { type CopyUp, copyUp, copyWouldChangeNothing } from './copy-up.ts';
import { isEmpty, isEmptySync } from './empty.ts';
import { isShared, noteShared, noVolume, readVolume, readVolumeSync, type Volume, writeVolume } from './record.ts';
import { makeVolume, type Volumes, type VolumeUsers } from './volumes.ts';

/** A volume of a container. Its name is known; an anonymous volume has a new ID. */
export interface VolumeNeed {
  readonly name: string;
  readonly anonymous: boolean;
  /** Path in the container. */
  readonly target: string;
  readonly nocopy: boolean;
}

export interface PrepareOptions {
  /** ID of the container. Its record is already on disk. */
  readonly container: string;
  /** See `CopyUp`. */
  readonly view: CopyUp['view'];
  readonly owner: CopyUp['owner'];
  /** False if the container is removed at its exit: its anonymous volumes, removed with it, need not reach the disk. */
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared {
  /** Volumes in the order of the needs. */
  readonly volumes: readonly Volume[];
  /** Names of the volumes that did not exist before. */
  readonly created: readonly string[];
}

/**
 * Makes the volumes of a container and fills new ones from its image.
 *
 * The container's record, already written, protects the volumes: a removal reads the records while it holds the
 * volume's lock. A failure leaves no new volume behind.
 *
 * @throws RequestError ORLOP_E_NO_VOLUME for the ID of a removed anonymous volume; ORLOP_E_ABORTED
 */
export async function prepareVolumes(
  store: Store,
  volumes: Volumes,
  users: VolumeUsers,
  needs: readonly VolumeNeed[],
  options: PrepareOptions,
): Promise<Prepared> {
  const created: string[] = [];
  const done = new Map<string, Volume>();
  try {
    for (const need of needs) {
      const known = done.get(need.name);
      const result = await prepareOne(store, users, need, options);
      if (result.created && known === undefined) created.push(need.name);
      done.set(need.name, result.volume);
    }
  } catch (error) {
    await abandonVolumes(volumes, created, options.container);
    throw error;
  }
  return { volumes: needs.flatMap((need) => done.get(need.name) ?? []), created };
}

/** Removes the new volumes of a container whose creation failed, unless other containers use them. */
export async function abandonVolumes(volumes: Volumes, names: readonly string[], container: string): Promise<void> {
  for (const name of names) {
    await volumes.remove(name, { except: container }).catch((error: unknown) => {
      if (!(error instanceof RequestError)) throw error;
    });
  }
}

interface One {
  readonly volume: Volume;
  readonly created: boolean;
}

async function prepareOne(store: Store, users: VolumeUsers, need: VolumeNeed, options: PrepareOptions): Promise<One> {
  if (need.anonymous && (await readVolume(store, need.name)) === null) {
    // No lock: the name is new, and the container's record keeps prune away.
    return create(store, need, options);
  }
  const unnoted = !need.anonymous && isId(need.name) && !isShared(store, need.name);
  const settled = unnoted ? null : (lookUpSync(store, need) ?? (await lookUp(store, need, options)));
  if (settled !== null) return { volume: settled, created: false };
  await using lock = await store.lock('volume', need.name, 'exclusive', { signal: options.signal });
  const volume = await readVolume(store, need.name);
  if (volume === null && isId(need.name)) {
    // Refuse the ID of a removed anonymous volume: the caller expects its content, not an empty volume.
    await lock.retire();
    throw noVolume(need.name);
  }
  // Awaited here, because the lock is released at the end of this function.
  if (volume === null) return await create(store, need, options);
  if (unnoted) await noteShared(store, need.name);
  if (!(await wantsCopy(volume, need)) || (await usedByOther(users, need.name, options.container))) {
    return { volume, created: false };
  }
  return { volume: await fill(store, volume, need, options), created: false };
}

/** The volume if it has its content: the common case, done synchronously in less time than one tick. */
function lookUpSync(store: Store, { name, nocopy }: VolumeNeed): Volume | null {
  return store.withLock('volume', name, 'shared', () => {
    const volume = readVolumeSync(store, name);
    if (volume === null) return null;
    return nocopy || volume.populated || !isEmptySync(volume.mountpoint) ? volume : null;
  });
}

/** The volume if nothing must be done to it. The lock is shared with other readers. */
async function lookUp(store: Store, need: VolumeNeed, options: PrepareOptions): Promise<Volume | null> {
  await using _lock = await store.lock('volume', need.name, 'shared', { signal: options.signal });
  const volume = await readVolume(store, need.name);
  if (volume === null) return null;
  if (!(await wantsCopy(volume, need))) return volume;
  const { view, owner } = options;
  return (await copyWouldChangeNothing(store.native, volume.mountpoint, { view, target: need.target, owner }))
    ? volume
    : null;
}

async function wantsCopy(volume: Volume, need: VolumeNeed): Promise<boolean> {
  return !need.nocopy && !volume.populated && (await isEmpty(volume.mountpoint));
}

/** True if another container uses the volume: a copy would replace the directory that it has mounted. */
async function usedByOther(users: VolumeUsers, name: string, container: string): Promise<boolean> {
  return ((await users()).get(name) ?? []).some((user) => user.id !== container);
}

async function create(store: Store, need: VolumeNeed, options: PrepareOptions): Promise<One> {
  const durable = isDurable(need, options);
  const facts = {
    name: need.name,
    anonymous: need.anonymous,
    labels: {},
    container: durable ? null : options.container,
  };
  // Filled before it gets its name: no crash leaves it without the image's content.
  const fill = need.nocopy ? undefined : (directory: string) => copyTo(store, directory, need, options);
  return { volume: await makeVolume(store, facts, { durable, fill }), created: true };
}

async function fill(store: Store, volume: Volume, need: VolumeNeed, options: PrepareOptions): Promise<Volume> {
  const path = store.volumePath(volume.name);
  if (!(await copyTo(store, path, need, options))) return volume;
  await writeVolume(path, { ...volume, populated: true }, isDurable(need, options));
  return { ...volume, populated: true };
}

/** Copies the image's directory at the target to the `_data` of a directory. True if there was one. */
function copyTo(store: Store, directory: string, need: VolumeNeed, options: PrepareOptions): Promise<boolean> {
  const source = { view: options.view, target: need.target, owner: options.owner };
  return copyUp(store.native, directory, source, { durable: isDurable(need, options) });
}

function isDurable(need: VolumeNeed, { durable }: PrepareOptions): boolean {
  return durable || !need.anonymous;
}
