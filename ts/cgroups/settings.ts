import { RequestError } from '../errors/index.ts';
import type { Limits } from '../request/limits.ts';

/** Controllers by their names in version 2; version 1 says `blkio` for `io`, and alone has `devices`. */
export type Controller = 'memory' | 'cpu' | 'cpuset' | 'pids' | 'io' | 'devices';

/** A control file to write. */
export interface Setting {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
}

/** What a machine has for limits. */
export interface Machine {
  /** Version of the hierarchy whose cgroups hold limits of a controller; null if none does. */
  version(controller: Controller): 1 | 2 | null;
  /** Why none does, and what to do. */
  missing(controller: Controller): { readonly why: string; readonly hint: string };
  /** True if a cgroup has such a control file. */
  has(controller: Controller, file: string): boolean;
  /** Numbers of a block device, `8:0`. */
  device(path: string): string;
}

/** Number of processes and threads that a container may have unless it says otherwise, as in Podman. */
export const defaultPids = 2048;

/** A thread of the program sits beside the container in a cgroup of version 1, and is counted. */
const seats = 1;

/** PID_MAX_LIMIT, above which the kernel takes no number. */
const mostPids = 4_194_304;

/** A wished control file, under one of its names. */
interface Wish {
  readonly controller: Controller;
  /** What the caller asked for, in the words of the command line. */
  readonly asked: string;
  /** Names and values in versions 1 and 2. Several names: the first that there is. */
  readonly first: readonly Value[];
  readonly second: readonly Value[];
  /** A default, which a kernel without such a control file need not hold. */
  readonly optional?: boolean;
}

type Value = readonly [files: string | readonly string[], value: string | number | ((file: string) => number)];

/**
 * The control files by which limits are held, in the order of writing. Pure.
 *
 * @throws RequestError ORLOP_E_LIMIT if the machine cannot hold one
 */
export function settingsOf(limits: Limits, machine: Machine): readonly Setting[] {
  return wishesOf(limits, machine).flatMap((wish) => granted(wish, machine));
}

/** Controllers that hold these limits, each once. Pure. */
export function controllersFor(limits: Limits): readonly Controller[] {
  return [...new Set(wishesOf(limits, { device: () => '' }).map(({ controller }) => controller))];
}

function wishesOf(limits: Limits, machine: Pick<Machine, 'device'>): readonly Wish[] {
  return [...memory(limits), ...processors(limits), ...processes(limits), ...blocks(limits, machine)];
}

function granted({ controller, asked, first, second, optional }: Wish, machine: Machine): readonly Setting[] {
  const version = machine.version(controller);
  if (version === null) {
    const { why, hint } = machine.missing(controller);
    throw new RequestError('ORLOP_E_LIMIT', `${asked} cannot be held: ${why}`, { hint });
  }
  return (version === 1 ? first : second).flatMap(([files, value]) => {
    const names = typeof files === 'string' ? [files] : files;
    const file = names.find((name) => machine.has(controller, name));
    if (file !== undefined)
      return [{ controller, file, value: `${typeof value === 'function' ? value(file) : value}` }];
    if (optional) return [];
    throw new RequestError('ORLOP_E_LIMIT', `${asked} cannot be held: the kernel has no ${names.join(' and no ')}`, {
      hint: 'leave it out, or use a kernel that has it',
    });
  });
}

function memory({ memory: bytes, swap, memoryReservation }: Limits): readonly Wish[] {
  const wishes: Wish[] = [];
  if (bytes !== undefined) {
    // Without memory.oom.group the kernel ends one process, and what is left of the application goes on.
    wishes.push({
      controller: 'memory',
      asked: 'the limit of memory',
      first: [['memory.limit_in_bytes', bytes]],
      second: [
        ['memory.max', bytes],
        ['memory.oom.group', 1],
      ],
    });
    const space = swap ?? bytes;
    const both = space === 'max' ? -1 : bytes + space;
    wishes.push({
      controller: 'memory',
      asked: 'the limit of swap space',
      first: [['memory.memsw.limit_in_bytes', both]],
      second: [['memory.swap.max', space]],
      optional: swap === undefined,
    });
  }
  if (memoryReservation !== undefined) {
    wishes.push({
      controller: 'memory',
      asked: 'the reservation of memory',
      first: [['memory.soft_limit_in_bytes', memoryReservation]],
      second: [['memory.low', memoryReservation]],
    });
  }
  return wishes;
}

function processors({ cpu, cpuShares, cpusetCpus, cpusetMems }: Limits): readonly Wish[] {
  const wishes: Wish[] = [];
  if (cpu !== undefined) {
    const { quota, period } = cpu;
    wishes.push({
      controller: 'cpu',
      asked: 'the limit of processor time',
      first: [
        ['cpu.cfs_period_us', period],
        ['cpu.cfs_quota_us', quota],
      ],
      second: [['cpu.max', `${quota === -1 ? 'max' : quota} ${period}`]],
    });
  }
  if (cpuShares !== undefined) {
    const second: Value = ['cpu.weight', weightOf(cpuShares)];
    wishes.push({
      controller: 'cpu',
      asked: 'the share of processors',
      first: [['cpu.shares', cpuShares]],
      second: [second],
    });
  }
  const sets = [
    ['the choice of processors', 'cpuset.cpus', cpusetCpus],
    ['the choice of memory nodes', 'cpuset.mems', cpusetMems],
  ] as const;
  for (const [asked, file, list] of sets) {
    if (list !== undefined) wishes.push({ controller: 'cpuset', asked, first: [[file, list]], second: [[file, list]] });
  }
  return wishes;
}

/** 2 to 262144 as 1 to 10000, as runc and crun convert it. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

function processes({ pids }: Limits): readonly Wish[] {
  if (pids === undefined || pids === 'max') return [];
  const asked = 'the limit of processes';
  return [
    {
      controller: 'pids',
      asked,
      first: [['pids.max', Math.min(pids + seats, mostPids)]],
      second: [['pids.max', pids]],
    },
  ];
}

/** 10 to 1000 as 1 to 10000, as runc converts it. */
function diskWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

const throttles = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
} as const;

function blocks({ blkioWeight, deviceRates = [] }: Limits, { device }: Pick<Machine, 'device'>): readonly Wish[] {
  const wishes: Wish[] = [];
  if (blkioWeight !== undefined) {
    wishes.push({
      controller: 'io',
      asked: 'the share of disks',
      first: [[['blkio.bfq.weight', 'blkio.weight'], blkioWeight]],
      second: [
        [['io.bfq.weight', 'io.weight'], (file) => (file === 'io.weight' ? diskWeight(blkioWeight) : blkioWeight)],
      ],
    });
  }
  for (const { kind, path, rate } of deviceRates) {
    const numbers = device(path);
    wishes.push({
      controller: 'io',
      asked: `the rate of ${path}`,
      first: [[throttles[kind], `${numbers} ${rate}`]],
      second: [['io.max', `${numbers} ${kind}=${rate}`]],
    });
  }
  return wishes;
}

/** Number of the processes of a container, from what the kernel counts in its cgroup. Pure. */
export function withoutSeat(count: number, version: 1 | 2): number {
  return version === 1 ? Math.max(0, count - seats) : count;
}
