import type { DeviceHolder } from '../cgroups/device-filter.ts';
import { Group } from '../cgroups/group.ts';
import { type Branch, removeParent } from '../cgroups/place.ts';
import type { Setting } from '../cgroups/settings.ts';
import { sweep } from '../cgroups/sweep.ts';
import type { Native } from '../native/contract.ts';
import type { Limits } from '../request/limits.ts';
import { atExit, notAtExit } from '../store/at-exit.ts';
import { errorCode } from '../store/system-error.ts';
import { type Expected, type Finder, GroupNeeds, type Held, type Needs, rulesAhead } from './group-needs.ts';
import { nextTickPace } from './pace.ts';
import { Prefetch } from './prefetch.ts';

/** Cgroups of a container, and the limits to write. */
export interface Limited {
  readonly group: Group;
  readonly settings: readonly Setting[];
}

/** Prefetched cgroups: one for the next start, and one for a start that comes meanwhile; more when starts come at once. */
const size = 2;
const maxSize = 16;

/**
 * Gives each container cgroups of its own. They are prefetched without limits, which are written at the launch: one of
 * version 1 takes the kernel some milliseconds. Those with a filter of devices have it from the beginning.
 */
export class Groups {
  readonly #native: Native;
  readonly #prefetches: () => boolean;
  readonly #needs: GroupNeeds;
  /** By the directories that they are made in, and their filters. */
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
  constructor(native: Native, prefetches: () => boolean, finder?: Finder) {
    this.#native = native;
    this.#prefetches = prefetches;
    this.#needs = new GroupNeeds(native, finder);
  }

  /**
   * Refuses limits that the machine cannot hold.
   *
   * @param ending the container has to be ended by its cgroup, which it needs in any case
   * @throws RequestError ORLOP_E_LIMIT
   */
  check(limits: Limits, ending = false): void {
    this.#needs.ofLimits(limits, ending);
  }

  /** True if a container can see its limits: in its cgroup of version 2, with controllers. */
  shows(limits: Limits): boolean {
    return this.#needs
      .placeFor(limits)
      .branches.some(({ version, controllers }) => version === 2 && controllers.length > 0);
  }

  /**
   * The control files for the limits that were asked for.
   *
   * @throws RequestError ORLOP_E_LIMIT
   */
  asked(limits: Limits): readonly Setting[] {
    return this.#needs.asked(limits);
  }

  /** Where the filters of devices are set, or why they cannot be. */
  deviceHolder(limits: Limits): DeviceHolder {
    return this.#needs.deviceHolder(limits);
  }

  /**
   * Begins to make the cgroups of the next container, in a program that makes one start: what else comes before the
   * launch takes as long. Throws as `check`.
   */
  expect(request: Expected): void {
    const devices = rulesAhead(request);
    if (devices === null) return;
    const { branches, filter, key } = this.#needs.of({
      limits: request.limits,
      devices,
      ending: request.pid === 'host',
    });
    if (branches.length === 0 || this.#prefetches() || this.#expected !== null) return;
    this.#begin(branches);
    const group = Group.make(this.#native, branches, filter);
    group.catch(() => {});
    this.#expected = { key, group };
  }

  /**
   * Gives the cgroups of a container, open for its launch; null if it needs none, and none would tell anything.
   *
   * @throws RequestError ORLOP_E_LIMIT, and a system error if a cgroup cannot be made or opened
   */
  async take(held: Held): Promise<Limited | null> {
    const needs = this.#needs.of(held);
    const { settings, branches, filter } = needs;
    if (branches.length === 0) return null;
    this.#begin(branches);
    const waiting = this.#prefetches() ? this.#waitingOf(needs).tryTake() : this.#takeExpected(needs);
    const ready = await waiting;
    // Another program may have removed one that is empty.
    const group = ready !== null && this.#isOpened(ready) ? ready : await Group.make(this.#native, branches, filter);
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

  #takeExpected({ key }: Needs): Promise<Group> | null {
    if (this.#expected?.key !== key) return null;
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

  #waitingOf({ key, branches, filter }: Needs): Prefetch<Group> {
    const known = this.#waiting.get(key);
    if (known !== undefined) return known;
    const made = new Prefetch<Group>(
      { size, maxSize, atOnce: 2, each: 'one', skipFirst: 1, pace: nextTickPace() },
      {
        make: async () => [await Group.make(this.#native, branches, filter)],
        drop: (group) => group.remove(),
        // Each start makes its own then, or its error tells the cause.
        refused: () => true,
      },
    );
    this.#waiting.set(key, made);
    return made;
  }
}
