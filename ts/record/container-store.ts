import { RequestError } from '../errors/index.ts';
import { now } from '../linux/clock.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../linux/proc.ts';
import { sigkill } from '../linux/signals.ts';
import type { Change, NativeProcess } from '../native/contract.ts';
import { shortId } from '../plan/holes.ts';
import { explaining } from '../store/explain.ts';
import { collect, type Damaged } from '../store/record.ts';
import type { Store } from '../store/store.ts';
import { whoseStore } from '../store/whose.ts';
import { Volumes } from '../volumes/volumes.ts';
import { isReserved, reserve, unreserve } from './claims.ts';
import {
  containerDirectory,
  containerIds,
  locate,
  readContainer,
  replaceRecords,
  writeDescription,
  writeState,
} from './files.ts';
import { removeLayer } from './layer.ts';
import { isMadeInSteps, madeChanges, refuseLongRecord, removeUnfinished } from './making.ts';
import { readUses, type Uses } from './references.ts';
import { killApplication, removeContainer } from './remove.ts';
import {
  type ContainerRecord,
  type ContainerState,
  created,
  type Durability,
  exitedState,
  type RecordedExit,
  type StoredContainer,
} from './schema.ts';

/** A container whose record cannot be read. */
export interface DamagedContainer extends Omit<Damaged, 'id'> {
  /** Path of the container's directory. */
  readonly path: string;
}

export interface ContainerList {
  readonly containers: readonly StoredContainer[];
  readonly damaged: readonly DamagedContainer[];
}

export interface AddOptions {
  readonly makeVolumes?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoveContainerOptions {
  /** Kill a running application; remove the container even if its record is damaged. */
  readonly force?: boolean | undefined;
  /** Remove the anonymous volumes too. */
  readonly volumes?: boolean | undefined;
}

/** Records of a store's containers, and the volumes, whose users the records tell. */
export class ContainerStore {
  readonly #store: Store;
  readonly #removing: (layer: string) => Promise<void>;
  readonly volumes: Volumes;

  /** @param removing is called with a read-write layer before its removal */
  constructor(store: Store, removing: (layer: string) => Promise<void> = async () => {}) {
    this.#store = store;
    this.#removing = removing;
    this.volumes = new Volumes(store, async () => (await this.uses()).volumes);
  }

  /**
   * Makes a container by its batch of changes, and then its volumes, which its record protects.
   *
   * A recovery removes what a killed process has left: an ephemeral container without a living owner; a durable one with
   * the note that it is being made, and a free lock.
   *
   * @throws RequestError ORLOP_E_CONTAINER_NAME, ORLOP_E_INPUT, ORLOP_E_ABORTED; the system error of a change; as `makeVolumes` does
   */
  async add(container: StoredContainer, changes: readonly Change[], options: AddOptions = {}): Promise<void> {
    const { makeVolumes, signal } = options;
    refuseLongRecord(changes);
    if (!isMadeInSteps(container)) {
      await this.#make(container, changes, signal);
      return makeVolumes?.();
    }
    const { id } = container.record;
    const lock = await this.#store.lock('container', id, 'exclusive', { signal });
    try {
      await this.#make(container, changes, signal);
      await makeVolumes?.();
      await this.#store.native.changeLater(madeChanges(this.#store, container));
    } catch (error) {
      await lock.retire();
      throw error;
    }
    await lock.release();
  }

  async #make(
    { record, durability }: StoredContainer,
    changes: readonly Change[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { native } = this.#store;
    // Ephemeral records lie in memory: a synchronous write takes microseconds, a thread's ten times that.
    const make = async () => (durability === 'ephemeral' ? native.change(changes) : native.changeLater(changes));
    // A generated name holds digits of the ID, so no other container has it.
    if (record.request.name === null) return make();
    await using _lock = await this.#store.lock('container', 'names', 'exclusive', { signal });
    await this.#checkFree(record.name);
    await make();
  }

  /**
   * Finds a container by ID, name, or unique prefix of an ID.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER, ORLOP_E_DAMAGED
   */
  async find(idOrName: string): Promise<StoredContainer> {
    const found = await this.#identify(idOrName);
    const container = await readContainer(this.#store, found.id, found.durability);
    if (container === null) throw noContainer(idOrName);
    return container;
  }

  /** Reads a container by its full ID; null when it is gone. */
  async get(id: string): Promise<StoredContainer | null> {
    const durability = await locate(this.#store, id);
    return durability === null ? null : readContainer(this.#store, id, durability);
  }

  /** Lists all containers, newest first, and apart from them those whose records cannot be read. */
  async list(): Promise<ContainerList> {
    const kinds = new Map((await containerIds(this.#store)).map(({ id, durability }) => [id, durability]));
    const { found, damaged } = await collect([...kinds.keys()], (id) =>
      readContainer(this.#store, id, kinds.get(id) ?? 'durable'),
    );
    found.sort((a, b) => (a.record.created < b.record.created ? 1 : -1));
    const directory = (id: string) => containerDirectory(this.#store, id, kinds.get(id) ?? 'durable');
    return { containers: found, damaged: damaged.map(({ id, error }) => ({ path: directory(id), error })) };
  }

  /** Users of volumes, by name, and of images, by ID. */
  uses(): Promise<Uses> {
    return readUses(this.#store);
  }

  /**
   * Claims a container for a start: this process becomes its owner, before the clone.
   *
   * @throws RequestError ORLOP_E_CONTAINER_RUNNING, also when another process is starting it; ORLOP_E_ABORTED
   */
  async claim(container: StoredContainer, signal?: AbortSignal): Promise<StoredContainer> {
    const { record } = container;
    if (!reserve(record.id)) throw running(record, container.state.status === 'running' ? 'runs' : 'is being started');
    try {
      return await this.#claim(container, await ownIdentity(), signal);
    } catch (error) {
      unreserve(record.id);
      throw error;
    }
  }

  async #claim(
    container: StoredContainer,
    self: ProcessIdentity,
    signal: AbortSignal | undefined,
  ): Promise<StoredContainer> {
    const { record, durability } = container;
    // Only the process that made an ephemeral container starts it, and the state names that process already.
    if (durability === 'ephemeral' && sameProcess(container.state.owner, self)) {
      return { ...container, state: { ...created, owner: self } };
    }
    await using lock = await this.#store.lock('container', record.id, 'exclusive', { signal });
    const now = await readContainer(this.#store, record.id, durability);
    if (now === null) {
      // The container was removed with its lock file, so the lock made a new file.
      await lock.retire();
      throw noContainer(record.name);
    }
    const taken = now.state.status === 'running' || (now.state.owner !== null && (await isAlive(now.state.owner)));
    if (taken) throw running(record, now.state.status === 'running' ? 'runs' : 'is being started');
    // Awaited here, because returning releases the lock.
    return await this.#setState(now, { ...created, owner: self });
  }

  /**
   * Records the container init process of a waiting container. A recovery kills that process if the owner is dead.
   */
  async waits(container: StoredContainer, { pid, startTime }: NativeProcess): Promise<StoredContainer> {
    return this.#written(container, { ...container.state, pid, startTime });
  }

  /** Replaces the record of a waiting container before it becomes the application. */
  async describeAnew({ durability }: StoredContainer, record: ContainerRecord): Promise<void> {
    await writeDescription(this.#store, record, durability);
  }

  /**
   * Records that one which waited becomes an application, at once. Where the container is gone, its application has
   * ended already, or was removed by force, which ends it too.
   */
  becomes(container: StoredContainer, record: ContainerRecord): StoredContainer {
    const state = { ...container.state, status: 'running' as const, startedAt: now() };
    replaceRecords(this.#store, record, state);
    return { ...container, record, state };
  }

  async #written(container: StoredContainer, state: ContainerState): Promise<StoredContainer> {
    const { record, durability } = container;
    if (!(await writeState(this.#store, record.id, durability, state))) throw noContainer(record.name);
    return { ...container, state };
  }

  /** Records a failed start: the container can be started again. */
  async refused(container: StoredContainer): Promise<StoredContainer> {
    return this.#giveBack(container, created);
  }

  /** Records the application's exit. */
  async exited(container: StoredContainer, exit: RecordedExit): Promise<StoredContainer> {
    return this.#giveBack(container, exitedState(container.state, exit));
  }

  async #giveBack(container: StoredContainer, state: ContainerState): Promise<StoredContainer> {
    // An ephemeral container keeps its owner, which removes it next. Without one, a recovery would remove it.
    const owner = container.durability === 'ephemeral' ? container.state.owner : null;
    try {
      return await this.#setState(container, { ...state, owner });
    } finally {
      unreserve(container.record.id);
    }
  }

  /**
   * Gives a container another name.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER; ORLOP_E_CONTAINER_NAME if another has that name; ORLOP_E_INPUT for a
   * container that waits in a pool, whose program writes its record
   */
  async rename(idOrName: string, name: string): Promise<void> {
    const { id } = await this.#identify(idOrName);
    await using _names = await this.#store.lock('container', 'names', 'exclusive');
    await using lock = await this.#store.lock('container', id, 'exclusive');
    const container = await this.get(id);
    if (container === null) {
      await lock.retire();
      throw noContainer(idOrName);
    }
    const { record, state, durability } = container;
    if (state.status === 'created' && state.pid !== null) {
      throw new RequestError('ORLOP_E_INPUT', `container '${record.name}' waits in a pool and keeps its name`);
    }
    if (record.name === name) {
      // Not the hint for another container, which may be removed.
      throw new RequestError('ORLOP_E_CONTAINER_NAME', `container '${name}' has this name already`);
    }
    await this.#checkFree(name);
    await writeDescription(this.#store, { ...record, name }, durability);
  }

  /**
   * Removes a container with its read-write layer.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER, ORLOP_E_CONTAINER_RUNNING, ORLOP_E_DAMAGED (the last two not with `force`)
   */
  async remove(idOrName: string, options: RemoveContainerOptions = {}): Promise<void> {
    return this.#remove(idOrName, options).catch(explaining(this.#store));
  }

  async #remove(idOrName: string, { force = false, volumes = false }: RemoveContainerOptions): Promise<void> {
    const { id, durability } = await this.#identify(idOrName);
    await using lock = await this.#store.lock('container', id, 'exclusive');
    const container = await readContainer(this.#store, id, durability).catch((error: unknown) => {
      if (force && error instanceof RequestError) return null;
      throw error;
    });
    if (container === null && (await locate(this.#store, id)) === null) {
      // The container was removed with its lock file, so the lock made a new file.
      await lock.retire();
      throw noContainer(idOrName);
    }
    if (container !== null && !force) await this.#refuseBusy(container);
    // A waiting container has a process too.
    if (container !== null) await killApplication(this.#store, id, container.state);
    const exit = container?.state.status === 'running' ? killed : (container?.state ?? null);
    await this.#removing(container?.record.layer ?? id);
    await removeContainer(this.#store, this.volumes, { id, durability, container, volumes, exit });
    unreserve(id);
    await lock.retire();
  }

  /** Removes a container of this program whose making or start failed, as far as it was made. */
  async undo(id: string, durability: Durability = 'ephemeral'): Promise<void> {
    await removeUnfinished(this.#store, id, durability);
    try {
      await this.remove(id, { force: true, volumes: true });
    } catch (error) {
      // Another program may have removed it by force before its layer was in its place: then nothing leads to that.
      if ((await locate(this.#store, id)) === null) await removeLayer(this.#store, id);
      throw error;
    }
  }

  /** Ends the reservation of a container that was removed after its exit, or was not made. */
  gone(id: string): void {
    unreserve(id);
  }

  /** Removes an ephemeral container of this program after the exit, without reading its record again. */
  async removeExited(container: StoredContainer, exit: RecordedExit): Promise<void> {
    const { record, durability } = container;
    // The container was removed by force meanwhile.
    if (!isReserved(record.id)) return;
    const lock = await this.#store.lock('container', record.id, 'exclusive');
    try {
      const removal = { id: record.id, durability, container, volumes: true, exit };
      await removeContainer(this.#store, this.volumes, removal);
    } finally {
      unreserve(record.id);
      await lock.retire();
    }
  }

  async #refuseBusy({ record, state: { status, owner } }: StoredContainer): Promise<void> {
    if (status === 'running') throw running(record, 'runs');
    if (status === 'exited' || owner === null || !(await isAlive(owner))) return;
    // An ephemeral container has an owner before its start.
    const idle = sameProcess(owner, await ownIdentity()) && !isReserved(record.id);
    if (!idle) throw running(record, 'is being started');
  }

  async #setState(container: StoredContainer, state: ContainerState): Promise<StoredContainer> {
    await writeState(this.#store, container.record.id, container.durability, state);
    return { ...container, state };
  }

  /** Finds the directory of a container without reading more records than it needs. */
  async #identify(idOrName: string): Promise<{ id: string; durability: Durability }> {
    const exact = await locate(this.#store, idOrName);
    if (exact !== null) return { id: idOrName, durability: exact };
    const { containers } = await this.list();
    const named = containers.find(({ record }) => record.name === idOrName);
    if (named !== undefined) return { id: named.record.id, durability: named.durability };
    const byPrefix = /^[0-9a-f]+$/.test(idOrName)
      ? (await containerIds(this.#store)).filter(({ id }) => id.startsWith(idOrName))
      : [];
    const [first] = byPrefix;
    if (first === undefined) throw noContainer(idOrName);
    if (byPrefix.length === 1) return first;
    throw new RequestError(
      'ORLOP_E_NO_CONTAINER',
      `${byPrefix.length} containers have IDs that begin with '${idOrName}'`,
      {
        hint: 'write more digits of the ID',
      },
    );
  }

  async #checkFree(name: string): Promise<void> {
    const { containers } = await this.list();
    const other = containers.find(({ record }) => record.name === name);
    if (other === undefined) return;
    const short = shortId(other.record.id);
    throw new RequestError('ORLOP_E_CONTAINER_NAME', `container ${short} has the name '${name}' already`, {
      hint: `choose another name, or remove that container: orlop rm ${name}`,
    });
  }
}

/** Exit that a removal by force causes. */
const killed: RecordedExit = { exitCode: 128 + sigkill, signal: 'SIGKILL' };

function sameProcess(one: ProcessIdentity | null, other: ProcessIdentity): boolean {
  return one !== null && one.pid === other.pid && one.startTime === other.startTime && one.boot === other.boot;
}

export function noContainer(idOrName: string): RequestError {
  return new RequestError('ORLOP_E_NO_CONTAINER', `no container has the name or ID '${idOrName}'`, {
    hint: `'orlop ps -a' lists those${whoseStore('orlop ps -a') || ' that there are'}`,
  });
}

function running({ name }: ContainerRecord, what: string): RequestError {
  return new RequestError('ORLOP_E_CONTAINER_RUNNING', `container '${name}' ${what}`, {
    hint: `wait for its end, or remove it by force: orlop rm -f ${name}`,
  });
}
