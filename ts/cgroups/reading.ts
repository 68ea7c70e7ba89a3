import { join } from 'node:path';
import { readIfAny } from '../linux/read-if-any.ts';
import type { Seated } from './group.ts';
import { type Controller, withoutSeat } from './settings.ts';

/** What a container has used, as far as the kernel has counted it in its cgroups; null is unknown. */
export interface GroupUsage {
  /** Milliseconds in user mode and in the kernel, of all processes; null without version 2. */
  readonly userMs: number | null;
  readonly systemMs: number | null;
  readonly memoryPeakBytes: number | null;
  readonly pidsPeak: number | null;
  /** Number of processes that the kernel ended because memory was at its limit. */
  readonly oomKills: number;
  /** Number of forks that the kernel refused at the limit of processes. */
  readonly refusedForks: number;
}

/** Reads what the kernel has counted. Files that a kernel lacks are unknown. */
export function readUsage(parts: readonly Seated[]): GroupUsage {
  const of = (controller: Controller, first: string, second: string): string => {
    const part = parts.find(({ branch }) => branch.controllers.includes(controller));
    return part === undefined ? '' : readIfAny(join(part.directory, part.branch.version === 1 ? first : second));
  };
  const version = parts.find(({ branch }) => branch.controllers.includes('pids'))?.branch.version ?? 2;
  const peak = numberIn(of('pids', 'pids.peak', 'pids.peak'));
  return {
    ...readTime(parts),
    memoryPeakBytes: numberIn(of('memory', 'memory.max_usage_in_bytes', 'memory.peak')),
    pidsPeak: peak === null ? null : withoutSeat(peak, version),
    oomKills: field(of('memory', 'memory.oom_control', 'memory.events'), 'oom_kill') ?? 0,
    refusedForks: field(of('pids', 'pids.events', 'pids.events'), 'max') ?? 0,
  };
}

/** Reads the time of processors, which version 2 counts without a controller. */
export function readTime(parts: readonly Seated[]): Pick<GroupUsage, 'userMs' | 'systemMs'> {
  const unified = parts.find(({ branch }) => branch.version === 2);
  const time = unified === undefined ? '' : readIfAny(join(unified.directory, 'cpu.stat'));
  return { userMs: milliseconds(field(time, 'user_usec')), systemMs: milliseconds(field(time, 'system_usec')) };
}

function numberIn(text: string): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}

/** Field of a flat keyed file, `KEY VALUE` in each line. */
function field(text: string, key: string): number | null {
  const [, value] = new RegExp(`^${key} (\\d+)$`, 'm').exec(text) ?? [];
  return value === undefined ? null : Number(value);
}

function milliseconds(micros: number | null): number | null {
  return micros === null ? null : micros / 1e3;
}
