import { parseCgroupParent } from './cgroup-parent.ts';
import { parseCpu, parseCpuShares, parseCpusetCpus, parseCpusetMems } from './cpu-limits.ts';
import { type DeviceRate, parseDeviceRates } from './device-rates.ts';
import { parseMemoryLimits } from './memory-limits.ts';
import { parseSize, parseSizeFrom } from './size.ts';
import type { LimitOptions, RequestContext } from './types.ts';
import { isUnbounded, parseWholeNumber } from './whole-number.ts';

/** Bounds on what a container takes from the machine, normalised. A missing one: no bound, or the default. */
export interface Limits {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes of swap space beyond memory, which is there too; `max` for no bound. Missing: as much as memory. */
  readonly swap?: number | 'max';
  /** Bytes that are taken from the container last. */
  readonly memoryReservation?: number;
  /** Microseconds of processors in each period. */
  readonly cpu?: CpuLimit;
  /** 2 to 262144. */
  readonly cpuShares?: number;
  /** In the kernel's list format, sorted: `0-2,4`. */
  readonly cpusetCpus?: string;
  /** In the kernel's list format, sorted. */
  readonly cpusetMems?: string;
  /** Number of processes and threads; `max` for no bound. Missing: a default. */
  readonly pids?: number | 'max';
  /** 10 to 1000. */
  readonly blkioWeight?: number;
  /** Milliseconds of processors, of all processes together. */
  readonly cpuTime?: number;
  /** Milliseconds. */
  readonly wallTime?: number;
  /** Bytes of each output that is collected. */
  readonly output?: number;
  /** Bytes in the read-write layer. */
  readonly disk?: number;
  /** Each kind and path once. */
  readonly deviceRates?: readonly DeviceRate[];
  /** Absolute, cleaned path below the root of the cgroup file system. */
  readonly cgroupParent?: string;
}

/** Time of processors in each period. */
export interface CpuLimit {
  /** Microseconds; -1: no bound. */
  readonly quota: number;
  /** Microseconds. */
  readonly period: number;
}

/** The highest number of processes, PID_MAX_LIMIT. */
const mostProcesses = 4_194_304;

/**
 * Parses the bounds on what a container takes from the machine. Pure: `context` says what the machine has.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseLimits(
  given: LimitOptions,
  cgroupParent: string | undefined,
  context: Pick<RequestContext, 'online'>,
): Limits {
  const rates = parseDeviceRates(given);
  return present({
    ...parseMemoryLimits(given),
    cpu: parseCpu(given, context),
    cpuShares: optional(given.cpuShares, parseCpuShares),
    cpusetCpus: optional(given.cpusetCpus, (list) => parseCpusetCpus(list, context)),
    cpusetMems: optional(given.cpusetMems, (list) => parseCpusetMems(list, context)),
    pids: optional(given.pids, parsePids),
    blkioWeight: optional(given.blkioWeight, parseWeight),
    cpuTime: optional(given.cpuTime, (ms) => parseTime('the limit of processor time', ms)),
    wallTime: optional(given.wallTime, (ms) => parseTime('the limit of time', ms)),
    output: optional(given.output, (bytes) => parseSize('the limit of output', bytes)),
    disk: optional(given.disk, parseDisk),
    deviceRates: rates.length === 0 ? undefined : rates,
    cgroupParent: optional(cgroupParent, parseCgroupParent),
  });
}

function parsePids(given: number | string): number | 'max' {
  if (isUnbounded(given)) return 'max';
  return parseWholeNumber('the number of processes', given, { from: 1, to: mostProcesses, hint: '-1 is no bound' });
}

function parseWeight(given: number | string): number {
  return parseWholeNumber('the weight for disks', given, {
    from: 10,
    to: 1000,
    hint: 'with a higher one, the container gets more of the time of a disk',
  });
}

function parseTime(what: string, given: number | string): number {
  return parseWholeNumber(what, given, { from: 1, hint: 'write milliseconds' });
}

/** In MiB: mount points and the files of `/etc` are made in the layer too. */
const leastDisk = 1;

function parseDisk(given: number | string): number {
  return parseSizeFrom(leastDisk, 'the size of the read-write layer', given);
}

function optional<In, Out>(value: In | undefined, parse: (value: In) => Out): Out | undefined {
  return value === undefined ? undefined : parse(value);
}

/** Removes what is undefined: a record has no such field. */
function present(limits: { readonly [Name in keyof Limits]: Limits[Name] | undefined }): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Limits;
}
