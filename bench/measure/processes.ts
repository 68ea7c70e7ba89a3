import { readdirSync, readFileSync } from 'node:fs';

/** The children of a process that live. */
export function childrenOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    // Empty for a thread that has ended meanwhile, as one of a container's cgroups does with the container.
    readOf(pid, `task/${thread}/children`).split(' '),
  );
  return children.filter((child) => child !== '').map(Number);
}

/** A file of /proc/PID; empty when the process has ended. */
export function readOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** Megabytes of a process. */
export interface Memory {
  /** All that is resident, its executable among it. */
  readonly resident: number;
  /** What it has written, its heap and its stacks. */
  readonly anonymous: number;
}

/** Reads /proc/PID/smaps_rollup. Pure; proc_pid_smaps(5). */
export function memoryIn(rollup: string): Memory {
  const megabytes = (field: string) => {
    const [, kilobytes] = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(rollup) ?? [];
    if (kilobytes === undefined) throw new Error(`no '${field}' in ${JSON.stringify(rollup)}`);
    return Number(kilobytes) / 1024;
  };
  return { resident: megabytes('Rss'), anonymous: megabytes('Anonymous') };
}
