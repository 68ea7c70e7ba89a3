import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readHierarchies } from '../../cgroups/hierarchies.ts';

/** Controllers of this program's cgroup, if the program may make cgroups in it, as it just did; null if it may not. */
export async function delegatedControllers(): Promise<readonly string[] | null> {
  const hierarchies = readHierarchies(await read('/proc/self/mountinfo'), await read('/proc/self/cgroup'));
  const directory = hierarchies.find(({ version }) => version === 2)?.own ?? null;
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
