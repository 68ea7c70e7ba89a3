import { statfsSync } from 'node:fs';
import { readIfAny } from '../linux/read-if-any.ts';
import { type Hierarchy, readHierarchies } from './hierarchies.ts';

/** File system types, statfs(2). */
const magic = { 1: 0x27e0eb, 2: 0x63677270 } as const;

/**
 * The hierarchies of a process, version 2 first; none when it is gone. Leaves out those whose mount point another mount
 * covers: a directory that is made there is no cgroup.
 */
export function hierarchiesOf(pid: number | 'self'): readonly Hierarchy[] {
  const all = readHierarchies(readIfAny('/proc/self/mountinfo'), readIfAny(`/proc/${pid}/cgroup`));
  return all.filter(({ version, mount }) => typeOf(mount) === magic[version]);
}

function typeOf(path: string): number {
  try {
    return statfsSync(path).type;
  } catch {
    return 0;
  }
}
