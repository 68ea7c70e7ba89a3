import { RequestError } from '../errors/index.ts';
import { countOf, parseIdList } from './id-list.ts';
import type { Limits } from './limits.ts';
import { quote } from './text.ts';
import type { LimitOptions, RequestContext } from './types.ts';
import { isUnbounded, parseWholeNumber } from './whole-number.ts';

type Machine = Pick<RequestContext, 'online'>;

/** The kernel's period, in microseconds. */
const defaultPeriod = 100_000;

/** Shares that the kernel knows, cgroups(7). */
const [fewestShares, mostShares] = [2, 262_144];

/**
 * Parses the bound on time of processors: `cpus`, or a quota in each period. A period alone bounds nothing.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseCpu({ cpus, cpuPeriod, cpuQuota }: LimitOptions, machine: Machine): Limits['cpu'] | undefined {
  const period = cpuPeriod === undefined ? undefined : parsePeriod(cpuPeriod);
  const quota = cpuQuota === undefined || isUnbounded(cpuQuota) ? undefined : parseQuota(cpuQuota);
  if (cpus === undefined) return quota === undefined ? undefined : { quota, period: period ?? defaultPeriod };
  if (period !== undefined || quota !== undefined) {
    throw new RequestError('ORLOP_E_INPUT', 'the time of processors is given twice: as their number, and by period', {
      hint: "keep '--cpus 1.5', or '--cpu-quota 150000' with its '--cpu-period'",
    });
  }
  return { quota: Math.round(parseCpus(cpus, machine) * defaultPeriod), period: defaultPeriod };
}

/** Parses the share of processors against other containers. One outside of what the kernel knows is the nearest. */
export function parseCpuShares(given: number | string): number {
  const shares = parseWholeNumber('the share of processors', given, {
    from: 1,
    hint: `a container has 1024: one with 2048 gets twice as much when processors are short`,
  });
  return Math.min(Math.max(shares, fewestShares), mostShares);
}

/** Parses the processors that a container may run on. */
export function parseCpusetCpus(text: string, machine: Machine): string {
  return parseIdList('processor', text, machine.online('cpu'));
}

/** Parses the memory nodes that a container may use. */
export function parseCpusetMems(text: string, machine: Machine): string {
  return parseIdList('memory node', text, machine.online('node'));
}

function parsePeriod(given: number | string): number {
  return parseWholeNumber('the period of processors', given, {
    from: 1000,
    to: 1_000_000,
    hint: `microseconds; it is ${defaultPeriod} by default`,
  });
}

function parseQuota(given: number | string): number {
  return parseWholeNumber('the quota of processors', given, {
    from: 1000,
    hint: 'microseconds in each period: 150000 are one and a half processors; -1 is no bound',
  });
}

function parseCpus(given: number | string, machine: Machine): number {
  const isNumber = typeof given === 'number' || /^(\d+\.?\d*|\.\d+)$/.test(given);
  const cpus = isNumber ? Number(given) : Number.NaN;
  if (!Number.isFinite(cpus) || cpus < 0.01) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(String(given))} is no number of processors from 0.01 on`, {
      hint: `write a decimal number, as '1.5'`,
    });
  }
  const online = machine.online('cpu');
  const count = online === null ? Number.POSITIVE_INFINITY : countOf(online);
  if (cpus <= count) return cpus;
  throw new RequestError('ORLOP_E_INPUT', `this machine has fewer processors than ${quote(String(given))}`, {
    hint: `write at most '${count}'`,
  });
}
