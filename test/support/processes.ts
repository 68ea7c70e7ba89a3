import { readdirSync, readFileSync } from 'node:fs';

/** PID of the parent, proc_pid_status(5). */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** PIDs of all processes whose command line has a word. */
export function processesOf(word: string): number[] {
  return pids().filter((pid) => within(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word)));
}

/** PIDs of the children of a process, zombies too. */
export function childrenOf(parent: number): number[] {
  return pids().filter((pid) => within(() => parentOf(pid) === parent));
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** False for a process that has ended meanwhile. */
function within(is: () => boolean): boolean {
  try {
    return is();
  } catch {
    return false;
  }
}
