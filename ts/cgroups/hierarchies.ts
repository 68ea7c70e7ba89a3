/** A mounted hierarchy of control groups, cgroups(7). */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Controllers of version 1, of its mount options: `cpu`, `cpuacct`. Version 2 has those of `cgroup.controllers`. */
  readonly controllers: readonly string[];
  readonly mount: string;
  /** Directory of a process's cgroup; null if the mount does not show it, as in a container. */
  readonly own: string | null;
}

/**
 * Lists the mounted hierarchies that a process is in, version 2 first, and of several mounts of one hierarchy the most
 * useful first. Pure.
 *
 * @param mountinfo `/proc/self/mountinfo`, proc_pid_mountinfo(5)
 * @param cgroup `/proc/PID/cgroup`, cgroups(7)
 */
export function readHierarchies(mountinfo: string, cgroup: string): readonly Hierarchy[] {
  const found: (Hierarchy & { readonly rank: number })[] = [];
  for (const line of mountinfo.split('\n')) {
    const [, root = '', mount = '', options = '', type, controllers = ''] =
      /^\S+ \S+ \S+ (\S+) (\S+) (\S+)(?: .*)? - (cgroup2?) \S+ (\S+)$/.exec(line) ?? [];
    if (type === undefined) continue;
    const version = type === 'cgroup2' ? 2 : 1;
    const names = version === 2 ? [] : controllers.split(',');
    const path = pathOf(cgroup, names);
    if (path === undefined) continue;
    // The kernel lists the options of the file system beside the controllers.
    const held = path.controllers.filter((name) => names.includes(name));
    const own = below(mount, root, path.path);
    const rank = (own === null ? 2 : 0) + (options.split(',').includes('ro') ? 1 : 0);
    found.push({ version, controllers: held, mount, own, rank });
  }
  found.sort((a, b) => b.version - a.version || a.rank - b.rank);
  return found.map(({ rank, ...hierarchy }) => hierarchy);
}

/** One mount of each hierarchy, the first in the list. A chroot or another runtime mounts them a second time. Pure. */
export function distinct(hierarchies: readonly Hierarchy[]): readonly Hierarchy[] {
  const keyOf = ({ version, controllers }: Hierarchy) => `${version} ${controllers.toSorted()}`;
  const keys = hierarchies.map(keyOf);
  return hierarchies.filter((_, index) => keys.indexOf(keys[index] ?? '') === index);
}

/** The line of a hierarchy: that of version 2 has no controllers. */
function pathOf(
  cgroup: string,
  names: readonly string[],
): { readonly controllers: readonly string[]; readonly path: string } | undefined {
  for (const line of cgroup.split('\n')) {
    const [, number, listed = '', path = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (number === undefined) continue;
    const controllers = listed.split(',').filter(Boolean);
    const fits = names.length === 0 ? number === '0' : controllers.some((name) => names.includes(name));
    if (fits) return { controllers, path };
  }
  return undefined;
}

/** The mount may show a part of the hierarchy: in a container, without a cgroup namespace. */
function below(mount: string, root: string, path: string): string | null {
  const shown = root === '/' ? '' : root;
  if (!`${path}/`.startsWith(`${shown}/`)) return null;
  const rest = path.slice(shown.length);
  return rest === '/' ? mount : mount + rest;
}
