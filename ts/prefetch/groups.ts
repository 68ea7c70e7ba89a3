import { statSync } from 'node:fs';
import { Group } from '../cgroups/group.ts';
import { type Branch, findPlace, hasFile, type Place, removeParent } from '../cgroups/place.ts';
import { placeInScope } from '../cgroups/scope.ts';
import {
  type Controller,
  controllersFor,
  defaultPids,
  type Machine,
  type Setting,
  settingsOf,
} from '../cgroups/settings.ts';
import { sweep } from '../cgroups/sweep.ts';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { Native } from '../native/contract.ts';
import type { Limits } from '../request/limits.ts';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { errorCode } from '../store/system-error.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch } from './prefetch.ts';

/** Cgroups of a container, and the limits to write. */
export interface Limited {
  readonly group: Group;
  readonly settings: readonly Setting[];
}

/** What the containers of a request need. */
interface Needs {
  readonly settings: readonly Setting[];
  readonly branches: readonly Branch[];
}

/** Finds where cgroups can be made. */
export interface Finder {
  /** For `--cgroup-parent`, or by default. */
  find(parent: string | undefined): Place;
  /** A place that has these controllers too, which the other lacks. If there is none, the old one; it says why. */
  widen(place: Place, needed: readonly Controller[]): Place;
}

/** Prefetched cgroups: one for the next start, and one for a start that comes meanwhile; more when starts come at once. */
const size = 2;
const maxSize = 16;

/**
 * Gives each container cgroups of its own. They are prefetched without limits, which are written at the launch: one of
 * version 1 takes the kernel some milliseconds.
 */
export class Groups {
  readonly #native: Native;
  readonly #prefetches: () => boolean;
  readonly #find: Finder['find'];
  readonly #widen: Finder['widen'];
  readonly #places = new Map<string | undefined, Place>();
  #needs = new WeakMap<Limits, Needs>();
  /** The same for containers that only a cgroup can end. */
  #endingNeeds = new WeakMap<Limits, Needs>();
  /** By the directories that they are made in. */
  readonly #waiting = new Map<string, Prefetch<Group>>();
  readonly #removing = new Set<Promise<void>>();
  #expected: { readonly key: string; readonly group: Promise<Group> } | null = null;
  readonly #used = new Set<Branch>();
  #swept = Promise.resolve();
  readonly #leave = () => {
    for (const waiting of this.#waiting.values()) for (const group of waiting.items()) group.removeSync();
    this.#removeParents();
  };

  /**
   * @param prefetches false in a program that makes one start
   * @param finder finds the directories
   */
  constructor(native: Native, prefetches: () => boolean, finder: Finder = finderOf(native)) {
    this.#native = native;
    this.#prefetches = prefetches;
    this.#find = finder.find;
    this.#widen = finder.widen;
  }

  /**
   * Refuses limits that the machine cannot hold.
   *
   * @param ending the container has to be ended by its cgroup, which it needs in any case
   * @throws RequestError ORLOP_E_LIMIT
   */
  check(limits: Limits, ending = false): void {
    this.#needsOf(limits, ending);
  }

  /** True if a container can see its limits: in its cgroup of version 2, with controllers. */
  shows(limits: Limits): boolean {
    return this.#placeFor(limits).branches.some(({ version, controllers }) => version === 2 && controllers.length > 0);
  }

  /**
   * The control files for the limits that were asked for.
   *
   * @throws RequestError ORLOP_E_LIMIT
   */
  asked(limits: Limits): readonly Setting[] {
    return settingsOf(limits, machineOf(this.#placeFor(limits)));
  }

  /**
   * Begins to make the cgroups of the next container, in a program that makes one start: what else comes before the
   * launch takes as long. Throws as `check`.
   */
  expect(limits: Limits, ending = false): void {
    const { branches } = this.#needsOf(limits, ending);
    if (branches.length === 0 || this.#prefetches() || this.#expected !== null) return;
    this.#begin(branches);
    const group = Group.make(this.#native, branches);
    group.catch(() => {});
    this.#expected = { key: keyOf(branches), group };
  }

  /**
   * Gives the cgroups of a container, open for its launch; null if it needs none, and none would tell anything.
   *
   * @throws RequestError ORLOP_E_LIMIT, and a system error if a cgroup cannot be made or opened
   */
  async take(limits: Limits, ending = false): Promise<Limited | null> {
    const { settings, branches } = this.#needsOf(limits, ending);
    if (branches.length === 0) return null;
    this.#begin(branches);
    const waiting = this.#prefetches() ? this.#waitingOf(branches).tryTake() : this.#takeExpected(branches);
    const ready = await waiting;
    // Another program may have removed one that is empty.
    const group = ready !== null && this.#isOpened(ready) ? ready : await Group.make(this.#native, branches);
    if (group !== ready) this.#isOpened(group, true);
    return { group, settings };
  }

  #isOpened(group: Group, isNew = false): boolean {
    try {
      group.open();
      return true;
    } catch (error) {
      this.#remove(group);
      if (!isNew && errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** Removes the cgroups of a container, of which no process is left. */
  release({ group }: Limited): void {
    this.#remove(group);
  }

  #remove(group: Group): void {
    const removing = group.remove().finally(() => this.#removing.delete(removing));
    this.#removing.add(removing);
  }

  /** Removes what waits, and the directories that are empty then. */
  async close(): Promise<void> {
    notAtExit(this.#leave);
    await this.#swept;
    await this.#expected?.group.then((group) => group.remove()).catch(() => {});
    await Promise.all([...this.#waiting.values()].map((waiting) => waiting.close()));
    await Promise.all(this.#removing);
    this.#removeParents();
  }

  #takeExpected(branches: readonly Branch[]): Promise<Group> | null {
    if (this.#expected?.key !== keyOf(branches)) return null;
    const { group } = this.#expected;
    this.#expected = null;
    return group;
  }

  /** Removes what killed programs left in branches that are used for the first time. */
  #begin(branches: readonly Branch[]): void {
    const fresh = branches.filter((branch) => !this.#used.has(branch));
    if (fresh.length === 0) return;
    if (this.#used.size === 0) atExit(this.#leave);
    for (const branch of fresh) this.#used.add(branch);
    const before = this.#swept;
    this.#swept = before.then(() => sweep(fresh)).catch(() => {});
  }

  #removeParents(): void {
    for (const branch of this.#used) removeParent(branch);
  }

  #waitingOf(branches: readonly Branch[]): Prefetch<Group> {
    const key = keyOf(branches);
    const known = this.#waiting.get(key);
    if (known !== undefined) return known;
    const made = new Prefetch<Group>(
      { size, maxSize, atOnce: 2, each: 'one', skipFirst: 1, pace: nextTickPace() },
      {
        make: async () => [await Group.make(this.#native, branches)],
        drop: (group) => group.remove(),
        // Each start makes its own then, or its error tells the cause.
        refused: () => true,
      },
    );
    this.#waiting.set(key, made);
    return made;
  }

  /** The limit of processes has a default where the machine can hold it. */
  #needsOf(limits: Limits, ending: boolean): Needs {
    const all = ending ? this.#endingNeeds : this.#needs;
    const known = all.get(limits);
    if (known !== undefined) return known;
    const place = this.#placeFor(limits);
    const machine = machineOf(place);
    const byDefault = limits.pids === undefined && machine.version('pids') !== null;
    const settings = settingsOf(byDefault ? { ...limits, pids: defaultPids } : limits, machine);
    const needs = { settings, branches: branchesFor(place, settings, ending) };
    if (limits.cpuTime !== undefined) requireCounter(needs.branches, place.refused);
    if (ending) requireEnd(place, needs.branches);
    all.set(limits, needs);
    return needs;
  }

  /** The place that holds limits which were asked for, if there is one. */
  #placeFor(limits: Limits): Place {
    const place = this.#placeOf(limits);
    const lacks = (one: Controller) => !place.branches.some(({ controllers }) => controllers.includes(one));
    const needed = controllersFor(limits).filter(lacks);
    const isUncounted = limits.cpuTime !== undefined && !place.branches.some(({ version }) => version === 2);
    if ((needed.length === 0 && !isUncounted) || limits.cgroupParent !== undefined) return place;
    const wider = this.#widen(place, needed);
    if (wider.branches === place.branches) return wider;
    this.#places.set(undefined, wider);
    // From now on the default limit of processes holds too.
    this.#needs = new WeakMap();
    this.#endingNeeds = new WeakMap();
    return wider;
  }

  #placeOf({ cgroupParent }: Limits): Place {
    const known = this.#places.get(cgroupParent);
    const place = known ?? this.#find(cgroupParent);
    this.#places.set(cgroupParent, place);
    return place;
  }
}

/** A user's launcher can be moved to where it may make cgroups. What root cannot do, systemd cannot either. */
function finderOf({ rights }: Pick<Native, 'rights'>): Finder {
  return {
    find: findPlace,
    widen: (place, needed) => (rights.kind === 'user' ? placeInScope(place, needed, rights.launcherPid) : place),
  };
}

function machineOf(place: Place): Machine {
  const branchOf = (controller: Controller) =>
    place.branches.find(({ controllers }) => controllers.includes(controller));
  return {
    version: (controller) => branchOf(controller)?.version ?? null,
    missing: place.missing,
    has: (controller, file) => {
      const branch = branchOf(controller);
      return branch !== undefined && hasFile(branch, file);
    },
    device: numbersOf,
  };
}

/**
 * Version 2 always: it counts the time of all processes, and can freeze and end them. The controller of processes
 * forbids new ones while those that are there are ended.
 */
function branchesFor({ branches }: Place, settings: readonly Setting[], ending: boolean): readonly Branch[] {
  return branches.filter(
    ({ version, controllers }) =>
      version === 2 ||
      settings.some(({ controller }) => controllers.includes(controller)) ||
      (ending && controllers.includes('pids')),
  );
}

/** @throws RequestError ORLOP_E_LIMIT */
function requireEnd({ missing }: Place, branches: readonly Branch[]): void {
  if (branches.some(({ version, controllers }) => version === 2 || controllers.includes('pids'))) return;
  const { why } = missing('pids');
  throw new RequestError('ORLOP_E_LIMIT', `'--pid host' takes a control group of the container's own: ${why}`, {
    hint: `leave '--pid host' out, or start it as root, or with cgroup v2 by 'systemd-run --user --scope -p Delegate=yes'`,
  });
}

/** The same for branches in which the same cgroups are made. */
function keyOf(branches: readonly Branch[]): string {
  return branches.map(({ parent }) => parent).join('\n');
}

/** @throws RequestError ORLOP_E_LIMIT */
function requireCounter(branches: readonly Branch[], refused: string | undefined): void {
  if (branches.some(({ version }) => version === 2)) return;
  const why = `no cgroup v2 counts it${refused === undefined ? '' : `, and ${refused}`}`;
  throw new RequestError('ORLOP_E_LIMIT', `the limit of processor time cannot be held: ${why}`, {
    hint: `mount cgroup v2, or start it by 'systemd-run --user --scope -p Delegate=yes'; or leave the limit out`,
  });
}

/** Numbers of a block device, `8:0`. */
function numbersOf(path: string): string {
  try {
    const file = statSync(path, { bigint: true });
    if (!file.isBlockDevice()) throw new Error('it is not a block device');
    // makedev(3) of the C library and of the kernel.
    const major = ((file.rdev >> 8n) & 0xfffn) | ((file.rdev >> 32n) & 0xfffff000n);
    const minor = (file.rdev & 0xffn) | ((file.rdev >> 12n) & 0xffffff00n);
    return `${major}:${minor}`;
  } catch (error) {
    throw new RequestError('ORLOP_E_LIMIT', `the rate of '${path}' cannot be held: ${messageOf(error)}`, {
      hint: 'name a block device of the host, such as /dev/sda',
    });
  }
}
