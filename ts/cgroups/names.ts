import type { ProcessIdentity } from '../linux/proc.ts';

/** Name of a cgroup that tells who made it: a later command removes those of programs that are gone. Pure. */
export function nameOf({ pid, startTime, namespace }: ProcessIdentity, number: number): string {
  return `orlop-${pid}-${startTime}-${/\d+/.exec(namespace)?.[0]}-${number}`;
}

/** Who made a cgroup; null if its name is not of orlop. Pure. */
export function makerOf(name: string): Pick<ProcessIdentity, 'pid' | 'startTime' | 'namespace'> | null {
  const [, pid, startTime, namespace] = /^orlop-(\d+)-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
  if (pid === undefined || startTime === undefined) return null;
  return { pid: Number(pid), startTime, namespace: `pid:[${namespace}]` };
}
