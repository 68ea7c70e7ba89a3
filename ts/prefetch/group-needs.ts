import { statSync } from 'node:fs';
import { type DeviceFilter, type DeviceHolder, findDeviceHolder } from '../cgroups/device-filter.ts';
import { type Branch, findPlace, hasFile, type Place } from '../cgroups/place.ts';
import { placeInScope } from '../cgroups/scope.ts';
import {
  type Controller,
  controllersFor,
  defaultPids,
  type Machine,
  type Setting,
  settingsOf,
} from '../cgroups/settings.ts';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { type DeviceRules, formatRule, withDefaultRules } from '../linux/device-rules.ts';
import { attribute } from '../linux/mount-attributes.ts';
import type { Native } from '../native/contract.ts';
import type { Limits } from '../request/limits.ts';
import type { RunRequest } from '../request/types.ts';

/** What the cgroups of a container are for. */
export interface Held {
  readonly limits: Limits;
  /** Devices that the container may use, where a filter can be set. */
  readonly devices: DeviceRules;
  /** The container is ended by its cgroup, which it needs in any case. */
  readonly ending?: boolean | undefined;
}

/** Finds where cgroups can be made. */
export interface Finder {
  /** For `--cgroup-parent`, or by default. */
  find(parent: string | undefined): Place;
  /** A place that has these controllers too, which the other lacks. If there is none, the old one; it says why. */
  widen(place: Place, needed: readonly Controller[]): Place;
}

/** What the containers of a request need. */
export interface Needs {
  readonly settings: readonly Setting[];
  readonly branches: readonly Branch[];
  /** Null: all devices are allowed, or no filter can be set. */
  readonly filter: DeviceFilter | null;
  /** The same for needs whose cgroups are made in the same way. */
  readonly key: string;
}

/** The part of a request that tells what its container needs. */
export type Expected = Pick<RunRequest, 'limits' | 'devices' | 'deviceRules' | 'privileged' | 'mounts' | 'pid'>;

/** What the filter of a request will allow; null: that takes a look at devices of the host. Pure. */
export function rulesAhead({ devices = [], deviceRules = [], privileged, mounts }: Expected): DeviceRules | null {
  if (privileged) return 'all';
  const mountsDevice = mounts.some(({ type, attributes }) => type === 'bind' && (attributes & attribute.nodev) === 0);
  return devices.length > 0 || mountsDevice ? null : withDefaultRules(deviceRules);
}

type LimitNeeds = Pick<Needs, 'settings' | 'branches'>;

/** Finds what containers need, once for the limits of a request. */
export class GroupNeeds {
  readonly #native: Native;
  readonly #finder: Finder;
  readonly #places = new Map<string | undefined, Place>();
  readonly #holders = new Map<Place, DeviceHolder>();
  #known = new WeakMap<Limits, LimitNeeds>();
  /** The same for containers that only a cgroup can end. */
  #knownEnding = new WeakMap<Limits, LimitNeeds>();

  constructor(native: Native, finder: Finder = finderOf(native)) {
    this.#native = native;
    this.#finder = finder;
  }

  /** @throws RequestError ORLOP_E_LIMIT */
  of({ limits, devices, ending = false }: Held): Needs {
    const { settings, branches } = this.ofLimits(limits, ending);
    const place = this.placeFor(limits, ending);
    const holder = this.deviceHolder(limits);
    const filter = devices === 'all' || 'why' in holder ? null : { branch: holder.branch, rules: devices };
    const all = place.branches.filter((branch) => branches.includes(branch) || branch === filter?.branch);
    const parts = [...all.map(({ parent }) => parent), ...(filter?.rules.map(formatRule) ?? [])];
    return { settings, branches: all, filter, key: parts.join('\n') };
  }

  /** The limit of processes has a default where the machine can hold it. */
  ofLimits(limits: Limits, ending: boolean): LimitNeeds {
    const known = this.#cache(ending).get(limits);
    if (known !== undefined) return known;
    const place = this.placeFor(limits, ending);
    const machine = machineOf(place);
    const byDefault = limits.pids === undefined && machine.version('pids') !== null;
    const settings = settingsOf(byDefault ? { ...limits, pids: defaultPids } : limits, machine);
    const needs = { settings, branches: branchesFor(place, settings, ending) };
    if (limits.cpuTime !== undefined) requireCounter(needs.branches, place.refused);
    if (ending) requireEnd(place);
    // Only now: a place that was found anew has emptied the caches.
    this.#cache(ending).set(limits, needs);
    return needs;
  }

  /** The control files for the limits that were asked for. Throws as `of`. */
  asked(limits: Limits): readonly Setting[] {
    return settingsOf(limits, machineOf(this.placeFor(limits)));
  }

  /** Where filters of devices are set. */
  deviceHolder(limits: Limits): DeviceHolder {
    const place = this.#placeOf(limits);
    const known = this.#holders.get(place);
    const holder = known ?? findDeviceHolder(this.#native, place);
    this.#holders.set(place, holder);
    return holder;
  }

  /** The place that holds limits which were asked for, if there is one. */
  placeFor(limits: Limits, ending = false): Place {
    const place = this.#placeOf(limits);
    const lacks = (one: Controller) => !place.branches.some(({ controllers }) => controllers.includes(one));
    const needed = controllersFor(limits).filter(lacks);
    const isUncounted = limits.cpuTime !== undefined && !place.branches.some(({ version }) => version === 2);
    const isEnough = needed.length === 0 && !isUncounted && (!ending || canEnd(place));
    if (isEnough || limits.cgroupParent !== undefined) return place;
    const wider = this.#finder.widen(place, needed);
    if (wider.branches === place.branches) return wider;
    this.#places.set(undefined, wider);
    // From now on the default limit of processes holds too.
    this.#known = new WeakMap();
    this.#knownEnding = new WeakMap();
    return wider;
  }

  #cache(ending: boolean): WeakMap<Limits, LimitNeeds> {
    return ending ? this.#knownEnding : this.#known;
  }

  #placeOf({ cgroupParent }: Limits): Place {
    const known = this.#places.get(cgroupParent);
    const place = known ?? this.#finder.find(cgroupParent);
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

/** True if a cgroup there can end its processes. */
function canEnd({ branches }: Place): boolean {
  return branches.some(({ version, controllers }) => version === 2 || controllers.includes('pids'));
}

/** @throws RequestError ORLOP_E_LIMIT */
function requireEnd(place: Place): void {
  if (canEnd(place)) return;
  const { why } = place.missing('pids');
  throw new RequestError('ORLOP_E_LIMIT', `'--pid host' takes a control group of the container's own: ${why}`, {
    hint: `leave '--pid host' out, or start it as root, or with cgroup v2 by 'systemd-run --user --scope -p Delegate=yes'`,
  });
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
