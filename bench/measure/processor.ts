import { readFileSync } from 'node:fs';
import { childrenOf, readOf } from './processes.ts';

/** Of Linux on every processor that the benchmark knows: 100 ticks a second. */
const tickMs = 10;

/** Milliseconds of processors. */
export interface Times {
  readonly own: number;
  /** Of its children that it has waited for. */
  readonly children: number;
}

/** What a process has used, by its /proc/PID/stat. Pure; proc_pid_stat(5). */
export function timesIn(stat: string): Times {
  // The name, the second field, may have blanks and brackets; the fields behind it are the third and following ones.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { own: (field(14) + field(15)) * tickMs, children: (field(16) + field(17)) * tickMs };
}

/** Milliseconds of processors that this process and its children, containers and orlop-launcher among them, have used. */
export function processorTime(): number {
  const living = childrenOf(process.pid).map((pid) => readOf(pid, 'stat'));
  const times = living.filter((stat) => stat !== '').map(timesIn);
  const { user, system } = process.cpuUsage();
  return (
    (user + system) / 1000 +
    timesIn(readFileSync('/proc/self/stat', 'utf8')).children +
    times.reduce((sum, { own, children }) => sum + own + children, 0)
  );
}
