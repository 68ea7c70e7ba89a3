import { readFileSync } from 'node:fs';

/** Of Linux on every processor that the benchmark knows: 100 ticks a second. */
const tickMs = 10;

/** Milliseconds of processors that the children of a process used which it has waited for, by its /proc/PID/stat. Pure. */
export function childrenTime(stat: string): number {
  // The name, the second field, may have blanks and brackets; the fields behind it are the third and following ones.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return (field(16) + field(17)) * tickMs;
}

/** Milliseconds of processors that this process and its children, containers among them, have used. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + childrenTime(readFileSync('/proc/self/stat', 'utf8'));
}
