import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readIfAny } from '../linux/read-if-any.ts';
import { distinct, type Hierarchy } from './hierarchies.ts';
import type { Controller } from './settings.ts';
import { hierarchiesOf } from './visible.ts';

const controllers: readonly Controller[] = ['memory', 'cpu', 'cpuset', 'pids', 'io', 'devices'];

/** Directory in which cgroups of containers are made, and what they hold there. */
export interface Branch {
  readonly version: 1 | 2;
  readonly parent: string;
  /** Directory above, which was there before. */
  readonly base: string;
  readonly controllers: readonly Controller[];
}

/** Where a program can make cgroups. */
export interface Place {
  /** One for each hierarchy, version 2 first: it places, ends and freezes processes even without controllers. */
  readonly branches: readonly Branch[];
  /** Why a controller is in no branch. */
  missing(controller: Controller): { readonly why: string; readonly hint: string };
  /** Why the caller's systemd gave no scope, where it was asked. */
  readonly refused?: string;
}

/** Name of the directory that holds the cgroups of all containers. */
const ours = 'orlop';

/**
 * Finds where this program can make cgroups.
 *
 * Version 1: below the program's own cgroup, whose limits hold for its containers too. Version 2 has no room there,
 * because a cgroup with processes has no children with controllers: at the top for root, or in the nearest directory
 * above that was delegated to the caller. If that is the program's own, its processes are moved to one below.
 *
 * @param parent path of `--cgroup-parent`, from the top of each hierarchy
 */
export function findPlace(parent: string | undefined): Place {
  const hierarchies = distinct(hierarchiesOf('self'));
  const reasons = new Map<Controller, string>();
  const branches: Branch[] = [];
  for (const hierarchy of hierarchies) {
    const held = controllersOf(hierarchy);
    if (hierarchy.version === 1 && held.length === 0) continue;
    try {
      const branch = branchOf(hierarchy, held, parent);
      branches.push(branch);
      for (const one of held) {
        if (!branch.controllers.includes(one)) reasons.set(one, `'${branch.parent}' has no such controller`);
      }
    } catch (error) {
      for (const one of held) reasons.set(one, (error as Error).message);
    }
  }
  return { branches, missing: (controller) => explain(controller, hierarchies, reasons) };
}

function explain(
  controller: Controller,
  hierarchies: readonly Hierarchy[],
  reasons: ReadonlyMap<Controller, string>,
): { readonly why: string; readonly hint: string } {
  const reason = reasons.get(controller);
  const name = `the controller '${controller}' of control groups`;
  if (hierarchies.length === 0) {
    return { why: 'no control groups are mounted', hint: 'mount cgroup v2 at /sys/fs/cgroup, or leave the limit out' };
  }
  if (reason === undefined) {
    return {
      why: `the kernel has no ${name.slice(4)}, or it is not mounted`,
      hint: 'mount it, or leave the limit out',
    };
  }
  const first = hierarchies.some(({ version, controllers: names }) => version === 1 && names.includes(controller));
  return {
    why: `${name} is not delegated to this program (${reason})`,
    hint: first
      ? 'version 1 of control groups is for root alone; leave the limit out, or boot with cgroup v2'
      : `start it by 'systemd-run --user --scope -p Delegate=yes', or as root; or leave the limit out`,
  };
}

/** Controllers that the top of a hierarchy, or another directory in place of it, has for limits. */
export function controllersOf({ version, controllers: names, mount }: Hierarchy): readonly Controller[] {
  const listed = version === 1 ? names : readIfAny(join(mount, 'cgroup.controllers')).split(/\s+/);
  return controllers.filter((one) => listed.includes(version === 1 && one === 'io' ? 'blkio' : one));
}

/** @throws a system error if no directory can be made */
function branchOf(hierarchy: Hierarchy, held: readonly Controller[], chosen: string | undefined): Branch {
  const { version, mount } = hierarchy;
  const { base, occupied } = chosen === undefined ? chooseBase(hierarchy) : { base: mount, occupied: false };
  if (occupied && isWritable(base)) vacate(base);
  accessSync(base, constants.W_OK);
  // The top of a hierarchy lacks most control files, and is nobody's.
  const parent = join(base, chosen === undefined || chosen === '/' ? ours : chosen);
  return made({ version, base, parent, controllers: held });
}

/**
 * The place in a cgroup of version 2 that is for this program alone. The processes in it are moved to one below.
 *
 * @throws a system error if no directory can be made
 */
export function placeBelow(hierarchy: Hierarchy, base: string): Place {
  vacate(base);
  const branch = made({ version: 2, base, parent: join(base, ours), controllers: controllersOf(hierarchy) });
  const why = `'${branch.parent}' has no such controller`;
  return {
    branches: [branch],
    missing: (controller) => explain(controller, [hierarchy], new Map([[controller, why]])),
  };
}

/** A branch with its directory, and with the controllers that are enabled in it. */
function made(branch: Branch): Branch {
  const { version, parent, controllers: held } = branch;
  if (version === 1 || held.length === 0) return branch;
  makeParent(branch);
  const enabled = readIfAny(join(parent, 'cgroup.subtree_control')).split(/\s+/);
  return { ...branch, controllers: held.filter((one) => enabled.includes(one)) };
}

/** Times that the directory of a branch is made: each program of the caller removes it when it has no container. */
export const attempts = 5;

/** Makes the directory of a branch. Throws a system error. */
export function makeParent({ version, base, parent, controllers: held }: Branch): void {
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const below = between(base, parent);
  if (version === 2) for (const directory of [base, ...below]) enable(directory, held);
  else if (held.includes('cpuset')) for (const directory of below) fillSets(directory);
}

/**
 * Controllers by which limits of this program's containers could be held. Makes nothing.
 *
 * @example
 * console.log(heldControllers()); // → [ 'memory', 'cpu', 'cpuset', 'pids', 'io' ]
 */
export function heldControllers(): readonly Controller[] {
  const hierarchies = distinct(hierarchiesOf('self'));
  return hierarchies.flatMap((hierarchy) => {
    const { base } = chooseBase(hierarchy);
    if (!isWritable(base)) return [];
    const found = controllersOf(hierarchy.version === 1 ? hierarchy : { ...hierarchy, mount: base });
    // It holds no limit, but the filter of devices.
    return found.filter((one) => one !== 'devices');
  });
}

interface Base {
  /** Directory below which orlop makes its own. */
  readonly base: string;
  /** Its processes have to leave it, the program among them: a service of systemd, or a container. */
  readonly occupied: boolean;
}

function chooseBase({ version, mount, own }: Hierarchy): Base {
  if (version === 1) return { base: own ?? mount, occupied: false };
  if (isTop(mount) && isWritable(mount)) return { base: mount, occupied: false };
  const above = own === null ? [] : [mount, ...between(mount, dirname(own))].reverse();
  const free = above.find((directory) => isWritable(directory) && processesIn(directory).length === 0);
  if (free !== undefined) return { base: free, occupied: false };
  return { base: own ?? mount, occupied: own !== null };
}

/** True for the top of the machine's hierarchy, which alone may have both processes and controllers for children. */
function isTop(directory: string): boolean {
  return !existsSync(join(directory, 'cgroup.type'));
}

function processesIn(directory: string): readonly string[] {
  return readIfAny(join(directory, 'cgroup.procs')).split('\n').filter(Boolean);
}

/** Times that processes are moved: they may fork meanwhile. */
const moves = 5;

/** Moves the processes of a cgroup to one below, so that its children may have controllers. */
function vacate(directory: string): void {
  const below = join(directory, 'program');
  mkdirSync(below, { recursive: true, mode: 0o755 });
  for (let move = 0; move < moves && processesIn(directory).length > 0; move++) {
    for (const pid of processesIn(directory)) tryWrite(join(below, 'cgroup.procs'), pid);
  }
}

function isWritable(directory: string): boolean {
  try {
    for (const name of ['.', 'cgroup.procs', 'cgroup.subtree_control']) {
      const path = join(directory, name);
      // Version 1 has no subtree_control.
      if (name !== 'cgroup.subtree_control' || existsSync(path)) accessSync(path, constants.W_OK);
    }
    return true;
  } catch {
    return false;
  }
}

/** Directories below `base` on the way to `path`, which comes last. */
function between(base: string, path: string): readonly string[] {
  const found: string[] = [];
  for (let one = path; one.length > base.length; one = dirname(one)) found.unshift(one);
  return found;
}

/** Enables controllers for the children, one by one: the kernel refuses a list of which one is missing. */
function enable(directory: string, held: readonly Controller[]): void {
  const file = join(directory, 'cgroup.subtree_control');
  const enabled = readIfAny(file).split(/\s+/);
  for (const one of held) {
    if (!enabled.includes(one)) tryWrite(file, `+${one}`);
  }
}

/** What is missing in the end has a sentence of its own. */
function tryWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {}
}

const sets = ['cpuset.cpus', 'cpuset.mems'] as const;

/** Processors and memory nodes as the directory above has them: a new cpuset of version 1 has none, and takes nobody. */
function fillSets(directory: string): void {
  for (const { path, value } of inheritedSets(directory)) if (readIfAny(path).trim() === '') writeFileSync(path, value);
}

export function inheritedSets(directory: string): readonly { readonly path: string; readonly value: string }[] {
  return sets.map((name) => ({ path: join(directory, name), value: readIfAny(join(dirname(directory), name)).trim() }));
}

const files = new WeakMap<Branch, ReadonlySet<string>>();

/** True if the cgroups of a branch have a control file: the directory above is no root, which lacks some. */
export function hasFile(branch: Branch, file: string): boolean {
  const known = files.get(branch) ?? filesOf(branch);
  files.set(branch, known);
  return known.has(file);
}

function filesOf(branch: Branch): ReadonlySet<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return new Set(readdirSync(branch.parent));
    } catch (error) {
      if (attempt === attempts) throw error;
      makeParent(branch);
    }
  }
}

/** Removes the directory of all containers, unless one is in it. One that the caller chose stays, as in Docker. */
export function removeParent({ base, parent }: Branch): void {
  if (parent !== join(base, ours)) return;
  try {
    if (existsSync(parent)) rmdirSync(parent);
  } catch {
    // Other programs of the caller have containers.
  }
}
