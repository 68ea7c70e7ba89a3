import { readdir } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { now } from '../linux/clock.ts';
import { syncDirectory } from '../store/durable.ts';
import { explaining } from '../store/explain.ts';
import { withForeignDirectory } from '../store/foreign-directory.ts';
import { isId, newId } from '../store/id.ts';
import type { Lock } from '../store/lock.ts';
import { collect, type Damaged, damaged } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { makeData } from './copy-up.ts';
import {
  isDirectory,
  isShared,
  isVolumeName,
  noVolume,
  readVolume,
  type Volume,
  type VolumeRecord,
  writeVolume,
} from './record.ts';

/** A container that uses a volume. */
export interface VolumeUser {
  readonly id: string;
  readonly name: string;
}

/** Users of each volume, read from the containers' records on disk. */
export type VolumeUsers = () => Promise<ReadonlyMap<string, readonly VolumeUser[]>>;

export interface CreateOptions {
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface VolumeList {
  readonly volumes: readonly Volume[];
  readonly damaged: readonly Damaged[];
}

export interface RemoveVolumeOptions {
  readonly except?: string | undefined;
  readonly durable?: boolean | undefined;
}

export interface PruneOptions {
  /** Include named volumes. */
  readonly all?: boolean | undefined;
  readonly filter?: ((volume: Volume) => boolean) | undefined;
}

export interface Pruned {
  readonly removed: readonly string[];
  /** Size in bytes. */
  readonly reclaimed: number;
}

/** Number of volumes that prune locks at once, each with a descriptor. */
const maxHeld = 64;

/** The volumes of a store. */
export class Volumes {
  readonly #store: Store;
  readonly #users: VolumeUsers;

  constructor(store: Store, users: VolumeUsers) {
    this.#store = store;
    this.#users = users;
  }

  /**
   * Creates a volume; an anonymous one if the name is null. An existing volume is returned unchanged.
   *
   * @throws RequestError ORLOP_E_VOLUME_NAME; ORLOP_E_INPUT if it exists with other labels; ORLOP_E_STORE if no space
   * is left
   */
  async create(name: string | null, { labels }: CreateOptions = {}): Promise<Volume> {
    if (name !== null) checkName(name);
    const volumeName = name ?? newId();
    await using _lock = await this.#store.lock('volume', volumeName, 'exclusive');
    const existing = await readVolume(this.#store, volumeName);
    if (existing === null) {
      const facts = { name: volumeName, anonymous: name === null, labels: labels ?? {}, container: null };
      // Awaited here, because the lock is released at the end of this function.
      return await makeVolume(this.#store, facts, { durable: true }).catch(explaining(this.#store));
    }
    if (labels !== undefined && !sameLabels(labels, existing.labels)) {
      throw new RequestError('ORLOP_E_INPUT', `volume '${volumeName}' exists with other labels`, {
        hint: 'leave the labels out to use it as it is, or remove it first',
      });
    }
    return existing;
  }

  /** @throws RequestError ORLOP_E_NO_VOLUME, ORLOP_E_DAMAGED */
  async get(name: string): Promise<Volume> {
    const volume = await readVolume(this.#store, name);
    if (volume === null) throw noVolume(name);
    return volume;
  }

  /** All volumes by name, and the names with damaged records. */
  async list(): Promise<VolumeList> {
    const { found, damaged } = await collect(await this.#names(), (name) => readVolume(this.#store, name));
    return { volumes: found, damaged };
  }

  /**
   * Removes a volume and its data. Its record may be damaged.
   *
   * @param except ID of a container that is being removed too; of an anonymous volume: the one that it was made for
   * @param durable false: a power cut may bring it back, because a recovery removes it anyway
   * @throws RequestError ORLOP_E_VOLUME_IN_USE with the names of its users, ORLOP_E_NO_VOLUME
   */
  async remove(name: string, { except, durable = true }: RemoveVolumeOptions = {}): Promise<void> {
    if (!isVolumeName(name)) throw noVolume(name);
    const lock = await this.#store.lock('volume', name, 'exclusive');
    try {
      if (!(await isDirectory(this.#store.volumePath(name)))) throw noVolume(name);
      const users = await this.#usersOf(name, except);
      if (users.length > 0) throw inUse(name, users);
      await this.#store.remove(this.#store.volumePath(name)).catch(explaining(this.#store));
      if (durable) await syncDirectory(this.#store.volumesPath);
    } finally {
      await lock.retire();
    }
  }

  /** Users of a volume other than `except`. A volume that no one else can use is not looked for: that reads all records. */
  async #usersOf(name: string, except: string | undefined): Promise<readonly VolumeUser[]> {
    if (except !== undefined && isId(name) && !isShared(this.#store, name)) return [];
    return ((await this.#users()).get(name) ?? []).filter((user) => user.id !== except);
  }

  /** Removes unused anonymous volumes; with `all`, also unused named volumes. */
  async prune({ all = false, filter = () => true }: PruneOptions = {}): Promise<Pruned> {
    const { volumes } = await this.list();
    const candidates = volumes.filter((volume) => (all || volume.anonymous) && filter(volume));
    const removed: string[] = [];
    let reclaimed = 0;
    for (let at = 0; at < candidates.length; at += maxHeld) {
      const batch = await this.#pruneBatch(candidates.slice(at, at + maxHeld));
      removed.push(...batch.removed);
      reclaimed += batch.reclaimed;
    }
    return { removed, reclaimed };
  }

  /** Size of a volume's data in bytes. */
  async size(name: string): Promise<number> {
    const { native } = this.#store;
    const { bytes } = await withForeignDirectory(native, this.#store.volumeData(name), (data) => native.treeSize(data));
    return bytes;
  }

  async #pruneBatch(volumes: readonly Volume[]): Promise<Pruned> {
    const held: { name: string; lock: Lock }[] = [];
    const removed: string[] = [];
    let reclaimed = 0;
    try {
      for (const { name } of volumes) {
        // Skip a locked volume, which is about to be used.
        const lock = await this.#store.tryLock('volume', name, 'exclusive');
        if (lock !== null) held.push({ name, lock });
      }
      // Read after locking: a container created later waits for the lock and makes its volume anew.
      const users = await this.#users();
      for (const { name } of held) {
        if (users.has(name) || !(await isDirectory(this.#store.volumePath(name)))) continue;
        reclaimed += await this.size(name);
        await this.#store.remove(this.#store.volumePath(name));
        removed.push(name);
      }
      if (removed.length > 0) await syncDirectory(this.#store.volumesPath);
      return { removed, reclaimed };
    } finally {
      for (const { lock } of held) await lock.retire();
    }
  }

  async #names(): Promise<string[]> {
    const entries = await readdir(this.#store.volumesPath, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory() && isVolumeName(entry.name)).map((entry) => entry.name);
    return names.sort();
  }
}

interface MakeVolumeOptions {
  readonly durable: boolean;
  /** Fills the volume's directory before it gets its name; true if it has copied an image's content. */
  readonly fill?: ((directory: string) => Promise<boolean>) | undefined;
}

/** Builds a volume in a staging directory and renames it into its place. The caller holds the volume's lock. */
export async function makeVolume(
  store: Store,
  facts: Pick<VolumeRecord, 'name' | 'anonymous' | 'labels' | 'container'>,
  { durable, fill = async () => false }: MakeVolumeOptions,
): Promise<Volume> {
  await using staging = await store.stage();
  await makeData(staging.path);
  const populated = await fill(staging.path);
  const record: VolumeRecord = { ...facts, driver: 'local', created: now(), populated };
  await writeVolume(staging.path, record, durable);
  const path = store.volumePath(facts.name);
  if (!(await staging.commit(path, { durable: false }))) throw damaged(path, 'something else is in its place');
  if (durable) await syncDirectory(store.volumesPath);
  return { ...record, mountpoint: store.volumeData(facts.name) };
}

function checkName(name: string): void {
  if (!isVolumeName(name)) {
    throw new RequestError('ORLOP_E_VOLUME_NAME', `'${name}' is not a volume name`, {
      hint: 'use letters, digits, _ . and -, starting with a letter or a digit, at most 255',
    });
  }
  if (isId(name)) {
    throw new RequestError('ORLOP_E_VOLUME_NAME', `'${name}' has the form of an anonymous volume's ID`, {
      hint: 'choose another name, or none for an anonymous volume',
    });
  }
}

function sameLabels(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function inUse(name: string, users: readonly VolumeUser[]): RequestError {
  const list = users.map((user) => `'${user.name}'`).join(', ');
  return new RequestError(
    'ORLOP_E_VOLUME_IN_USE',
    `volume '${name}' is used by container${users.length > 1 ? 's' : ''} ${list}`,
    {
      hint: `remove the container first: orlop rm ${users[0]?.name}`,
    },
  );
}
