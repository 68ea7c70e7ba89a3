import { RequestError } from '../errors/index.ts';
import { isId } from '../store/id.ts';
import type { Store } from '../store/store.ts';
import { isEmpty, isEmptyNow } from './empty.ts';
import { type CopyUp, copyUp, staysAsItIs } from './populate.ts';
import { noVolume, readVolume, readVolumeNow, type Volume, writeVolume } from './record.ts';
import { makeVolume, type Volumes, type VolumeUsers } from './volumes.ts';

/** A volume that a container has: its name is fixed already, an anonymous one's is a new ID. */
export interface VolumeNeed {
  readonly name: string;
  readonly anonymous: boolean;
  /** Path in the container. */
  readonly target: string;
  readonly nocopy: boolean;
}

export interface PrepareOptions {
  /** The container that they are for; its record is on disk already. */
  readonly container: string;
  /** See `CopyUp`. */
  readonly view: CopyUp['view'];
  readonly owner: CopyUp['owner'];
  /** False when the container is removed with its end, and its anonymous volumes with it: they need not reach the disk. */
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared {
  /** In the order of the needs. */
  readonly volumes: readonly Volume[];
  /** Those that did not exist before. */
  readonly created: readonly string[];
}

/**
 * Makes the volumes that a container needs and fills new ones from its image.
 *
 * @throws RequestError ORLOP_E_NO_VOLUME for the ID of an anonymous volume that is not there; ORLOP_E_ABORTED
 *
 * The container's record, written before, is what protects them: whoever removes a volume reads the records while it
 * holds the volume's lock. When it fails, nothing that it made stays.
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

/** Removes volumes that were made for a container that does not come to be, unless another uses them by now. */
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
    // Nobody else knows its name, and the container's record keeps prune away: no lock.
    return create(store, need, options);
  }
  const settled = lookUpNow(store, need) ?? (await lookUp(store, need, options));
  if (settled !== null) return { volume: settled, created: false };
  await using lock = await store.lock('volume', need.name, 'exclusive', { signal: options.signal });
  const volume = await readVolume(store, need.name);
  if (volume === null && isId(need.name)) {
    // An anonymous one that is gone: an empty one in its place is no answer to who asks for what was in it.
    await lock.retire();
    throw noVolume(need.name);
  }
  // Awaited here, because the lock goes with this function's end.
  if (volume === null) return await create(store, need, options);
  if (!(await wantsCopy(volume, need)) || (await usedByOther(users, need.name, options.container))) {
    return { volume, created: false };
  }
  return { volume: await fill(store, volume, need, options), created: false };
}

/** A volume that has its content: the common case, which takes less time than a single turn of the event loop. */
function lookUpNow(store: Store, { name, nocopy }: VolumeNeed): Volume | null {
  return store.withLock('volume', name, 'shared', () => {
    const volume = readVolumeNow(store, name);
    if (volume === null) return null;
    return nocopy || volume.populated || !isEmptyNow(volume.mountpoint) ? volume : null;
  });
}

/** The volume as it is when there is nothing to do to it. Others may look at the same time. */
async function lookUp(store: Store, need: VolumeNeed, options: PrepareOptions): Promise<Volume | null> {
  await using _lock = await store.lock('volume', need.name, 'shared', { signal: options.signal });
  const volume = await readVolume(store, need.name);
  if (volume === null) return null;
  if (!(await wantsCopy(volume, need))) return volume;
  const { view, owner } = options;
  return (await staysAsItIs(store.native, volume.mountpoint, { view, target: need.target, owner })) ? volume : null;
}

async function wantsCopy(volume: Volume, need: VolumeNeed): Promise<boolean> {
  return !need.nocopy && !volume.populated && (await isEmpty(volume.mountpoint));
}

/** A copy replaces the directory; a container that has it mounted would go on writing to the old one. */
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
  const volume = await makeVolume(store, facts, { durable });
  if (need.nocopy) return { volume, created: true };
  try {
    return { volume: await fill(store, volume, need, options), created: true };
  } catch (error) {
    await store.remove(store.volumePath(need.name));
    throw error;
  }
}

async function fill(store: Store, volume: Volume, need: VolumeNeed, options: PrepareOptions): Promise<Volume> {
  const durable = isDurable(need, options);
  const path = store.volumePath(volume.name);
  const source = { view: options.view, target: need.target, owner: options.owner };
  const populated = await copyUp(store.native, path, source, { durable });
  if (!populated) return volume;
  await writeVolume(path, { ...volume, populated }, durable);
  return { ...volume, populated };
}

function isDurable(need: VolumeNeed, { durable }: PrepareOptions): boolean {
  return durable || !need.anonymous;
}
