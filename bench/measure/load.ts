import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What else the machine did: processors in use while the benchmark does nothing. */
export interface Load {
  readonly before: number;
  readonly after: number;
}

/** Of all processors since the machine started, in the kernel's ticks. */
export interface Ticks {
  readonly all: number;
  readonly idle: number;
  readonly processors: number;
}

/** Reads /proc/stat. Pure; proc_stat(5). */
export function ticksOf(stat: string): Ticks {
  const lines = stat.split('\n').filter((line) => line.startsWith('cpu'));
  // user nice system idle iowait irq softirq steal; what guests use is in the first two already.
  const fields = (lines[0] ?? '').split(/\s+/).slice(1, 9).map(Number);
  return { all: fields.reduce((sum, field) => sum + field, 0), idle: fields[3] ?? 0, processors: lines.length - 1 };
}

/**
 * How many processors were in use between two moments, on average. One that waits for the disk counts as used, as the
 * kernel's load average counts what waits for it; so does one that the machine below took away. Pure.
 */
export function loadBetween(from: Ticks, to: Ticks): number {
  const all = to.all - from.all;
  const used = all - (to.idle - from.idle);
  // The kernel's time of waiting for the disk may go back.
  return all <= 0 ? 0 : Math.max(0, (used / all) * to.processors);
}

/** The load of the next `ms`, in which the caller must do nothing. */
export async function loadOver(ms: number): Promise<number> {
  const from = ticksNow();
  await delay(ms);
  return Number(loadBetween(from, ticksNow()).toFixed(2));
}

function ticksNow(): Ticks {
  return ticksOf(readFileSync('/proc/stat', 'utf8'));
}

/** Writes to the disk what was left for later, so that it is not taken for somebody else's work. */
export function flush(): void {
  execFileSync('sync');
}
