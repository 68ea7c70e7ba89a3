import { closeSync, existsSync, openSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownIdentity } from '../linux/proc.ts';
import type { Change, LaunchGroup, Native } from '../native/contract.ts';
import { errorCode } from '../store/system-error.ts';
import { type DeviceFilter, filterChanges } from './device-filter.ts';
import { nameOf } from './names.ts';
import { removeNested } from './nested.ts';
import { attempts, type Branch, inheritedSets, makeParent } from './place.ts';
import { type GroupUsage, readTime, readUsage } from './reading.ts';
import type { Controller, Setting } from './settings.ts';

/** Cgroup of a container in one hierarchy. */
export interface Seated {
  readonly branch: Branch;
  readonly directory: string;
}

/** Number of the next. Not from 0 on: a program may have two copies of the package, which know nothing of each other. */
let next = Math.floor(Math.random() * 2 ** 40);

/** The cgroups of one container, in each hierarchy that it needs. */
export class Group {
  readonly #native: Native;
  readonly #parts: readonly Seated[];
  /** Descriptor of the cgroup of version 2, during a launch. */
  #cgroup: number | undefined;
  /** Descriptor of the seat; undefined without version 1. */
  #seat: number | undefined;

  private constructor(native: Native, parts: readonly Seated[], seat: number | undefined) {
    this.#native = native;
    this.#parts = parts;
    this.#seat = seat;
  }

  /**
   * Makes the cgroups in these branches, without limits but with the filter of devices. With one of version 1, a thread is moved into it, for which
   * the kernel takes some milliseconds.
   *
   * @throws a system error with its path
   */
  static async make(native: Native, branches: readonly Branch[], filter: DeviceFilter | null = null): Promise<Group> {
    const name = nameOf(await ownIdentity(), next++);
    const parts = branches.map((branch) => ({ branch, directory: join(branch.parent, name) }));
    return new Group(native, parts, await makeAll(native, parts, filter));
  }

  /**
   * Opens what a launch needs, which `launched` closes.
   *
   * @throws a system error: ENOENT if another program has removed the empty cgroup
   */
  open(): void {
    const second = this.#parts.find(({ branch }) => branch.version === 2);
    if (second !== undefined) this.#cgroup = openSync(second.directory, 'r');
  }

  /** What a launch needs to start in the open cgroups with these limits; call `launched` when it has begun. */
  forLaunch(settings: readonly Setting[]): LaunchGroup {
    const limits = settings.map(
      ({ controller, file, value }): Change => ['write', this.#file(controller, file), value, 0],
    );
    return { cgroup: this.#cgroup, seat: this.#seat, limits };
  }

  /** The setting that a failed write of a launch was for; undefined if it was none. */
  settingAt(path: string, settings: readonly Setting[]): Setting | undefined {
    return settings.find(({ controller, file }) => this.#file(controller, file) === path);
  }

  /**
   * Directory of the cgroup by which all processes are ended: one with cgroup.kill, or one that can forbid new
   * processes, by its controller of them or by its freezer.
   *
   * @param kills false: not by cgroup.kill
   */
  toEnd(kills: boolean): string {
    const second = this.#parts.find(({ branch }) => branch.version === 2);
    if (kills && second !== undefined && existsSync(join(second.directory, 'cgroup.kill'))) return second.directory;
    const found = this.#parts.find(({ branch }) => branch.controllers.includes('pids')) ?? second;
    if (found === undefined) throw new Error('no cgroup of this container can end its processes');
    return found.directory;
  }

  /** Milliseconds of processors that the container has used so far; 0 where nothing counts them. */
  processorMs(): number {
    const { userMs, systemMs } = readTime(this.#parts);
    return (userMs ?? 0) + (systemMs ?? 0);
  }

  /** Gives the container up, of which no process is left. Tells what the kernel has counted for it. */
  end(): GroupUsage {
    // The thread in it takes a moment to end.
    this.#close();
    return readUsage(this.#parts);
  }

  /** Removes the cgroups, in which no process is left. */
  async remove(): Promise<void> {
    this.#close();
    await removeAll(this.#native, this.#parts);
  }

  /** The same at the end of the program, for cgroups that no container has used. */
  removeSync(): void {
    this.#close();
    for (const { directory } of this.#parts) {
      for (const pause of pauses) {
        if (removedSync(directory)) break;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
      }
    }
  }

  /** Closes what only the launch needed, which has begun. */
  launched(): void {
    if (this.#cgroup !== undefined) closeSync(this.#cgroup);
    this.#cgroup = undefined;
  }

  #close(): void {
    this.launched();
    if (this.#seat !== undefined) this.#native.closeSync(this.#seat);
    this.#seat = undefined;
  }

  #file(controller: Controller, file: string): string {
    const part = this.#parts.find(({ branch }) => branch.controllers.includes(controller));
    if (part === undefined) throw new Error(`no cgroup of this container has the controller ${controller}`);
    return join(part.directory, file);
  }
}

/** Makes the directories, and the seat if there is one of version 1. Leaves nothing when it throws. */
async function makeAll(
  native: Native,
  parts: readonly Seated[],
  filter: DeviceFilter | null,
): Promise<number | undefined> {
  const first = parts.filter(({ branch }) => branch.version === 1).map(({ directory }) => directory);
  for (let attempt = 1; ; attempt++) {
    try {
      const changes = parts.flatMap((part) => changesOf(part, filter));
      if (first.length > 0) return await native.openSeat(first, changes);
      await native.changeLater(changes);
      return undefined;
    } catch (error) {
      await removeAll(native, parts);
      if (errorCode(error) !== 'ENOENT' || attempt === attempts) throw error;
      for (const { branch } of parts) makeParent(branch);
    }
  }
}

function changesOf({ branch, directory }: Seated, filter: DeviceFilter | null): readonly Change[] {
  const made: Change[] = [['mkdir', directory, 0o755]];
  if (branch.version === 1 && branch.controllers.includes('cpuset')) {
    made.push(...inheritedSets(directory).map(({ path, value }): Change => ['write', path, value, 0]));
  }
  if (branch === filter?.branch) made.push(...filterChanges(filter, directory));
  return made;
}

/** False while a thread or a process is in it. */
function removedSync(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return errorCode(error) !== 'EBUSY';
  }
}

/** Times in ms after which a removal is tried again: an exited process leaves its cgroup a moment later. */
const pauses = [1, 1, 2, 5, 10, 20, 50, 100];

/** The same where a container was: the thread in a cgroup of version 1 waits for its share of the processors too. */
const patientPauses = [...pauses, 200, 400, 800, 1600];

/** A thread has left by then, ms: what is still busy may have cgroups that the container has made. */
const nestedAfter = 10;

/** Removes cgroups. One that stays in use is left for a program that comes after this one. */
async function removeAll(native: Native, parts: readonly Seated[]): Promise<void> {
  const removals = parts.map(({ directory }): Change => ['rmdir', directory]);
  for (const pause of patientPauses) {
    try {
      await native.changeLater(removals);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EBUSY') return;
      if (pause >= nestedAfter) for (const { directory } of parts) await removeNested(directory);
      // A command would load node:timers/promises for this alone.
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
