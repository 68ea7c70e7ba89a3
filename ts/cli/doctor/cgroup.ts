import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The directory of this program's cgroup v2; null if no mount shows it. Pure. */
export function cgroupDirectory(mountinfo: string, cgroup: string): string | null {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  const [, root, mountPoint] = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(mountinfo) ?? [];
  if (path === undefined || root === undefined || mountPoint === undefined) return null;
  // The mount may show a part of the hierarchy: in a container, without a cgroup namespace.
  const shown = root === '/' ? '' : root;
  if (!`${path}/`.startsWith(`${shown}/`)) return null;
  const below = path.slice(shown.length);
  return below === '/' ? mountPoint : mountPoint + below;
}

/** Controllers of this program's cgroup, if the program may make cgroups in it, as it just did; null if it may not. */
export async function delegatedControllers(): Promise<readonly string[] | null> {
  const directory = cgroupDirectory(await read('/proc/self/mountinfo'), await read('/proc/self/cgroup'));
  if (directory === null) return null;
  const trial = join(directory, `orlop-doctor-${process.pid}`);
  try {
    await mkdir(trial);
    await rmdir(trial);
  } catch {
    return null;
  }
  return (await read(join(directory, 'cgroup.controllers'))).split(/\s+/).filter(Boolean);
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
