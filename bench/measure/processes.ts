import { readdirSync, readFileSync } from 'node:fs';

/** The children of a process that live. */
export function childrenOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '),
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
