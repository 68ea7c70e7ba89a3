import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity } from '../linux/proc.ts';

/** A hierarchy that can freeze: cgroup v2 always (5.2), cgroup v1 by its freezer controller. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly mount: string;
}

const prefix = 'orlop-pause-';

/**
 * Moves processes into a cgroup of their own, freezes it, and moves each back to where it was when the result is
 * disposed. Null where no hierarchy can be written.
 *
 * The cgroup's name holds the process that froze it: should it die, `thawAbandoned` of the next one finds it.
 */
export async function freeze(id: string, processes: () => Promise<number[]>): Promise<AsyncDisposable | null> {
  for (const hierarchy of await hierarchies()) {
    const { pid, startTime } = await ownIdentity();
    const group = join(hierarchy.mount, `${prefix}${pid}-${startTime}-${id.slice(0, 12)}`);
    try {
      await mkdir(group);
    } catch {
      continue;
    }
    const homes = new Map<number, string>();
    const thaw = { [Symbol.asyncDispose]: () => thawGroup(hierarchy, group, homes) };
    try {
      await gather(hierarchy, group, processes, homes);
      await setFrozen(hierarchy, group, true);
      return thaw;
    } catch {
      await thaw[Symbol.asyncDispose]();
    }
  }
  return null;
}

/** Thaws what a process froze that is gone. */
export async function thawAbandoned(): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const names = await readdir(hierarchy.mount).catch((): string[] => []);
    for (const name of names.filter((entry) => entry.startsWith(prefix))) {
      const [pid = '', startTime = ''] = name.slice(prefix.length).split('-');
      const own = await ownIdentity();
      if (await isAlive({ ...own, pid: Number(pid), startTime })) continue;
      await thawGroup(hierarchy, join(hierarchy.mount, name), new Map()).catch(() => {});
    }
  }
}

async function hierarchies(): Promise<Hierarchy[]> {
  const found: Hierarchy[] = [];
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const mount = left.split(' ')[4] ?? '';
    const [type, , options = ''] = right.split(' ');
    if (type === 'cgroup2') found.push({ version: 2, mount });
    if (type === 'cgroup' && options.split(',').includes('freezer')) found.push({ version: 1, mount });
  }
  return found;
}

/** Children of a moved process are born in the group, so when a look finds nobody outside, all are in it. */
async function gather(
  hierarchy: Hierarchy,
  group: string,
  processes: () => Promise<number[]>,
  homes: Map<number, string>,
): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false;
    for (const pid of await processes()) {
      const home = await homeOf(hierarchy, pid);
      if (home === null || home === group) continue;
      if (!(await move(group, pid))) continue;
      homes.set(pid, home);
      moved = true;
    }
  }
}

/** The cgroup of a process in a hierarchy, cgroups(7); null when it is gone. */
async function homeOf({ version, mount }: Hierarchy, pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [number, controllers = '', ...path] = line.split(':');
    const ours = version === 2 ? number === '0' : controllers.split(',').includes('freezer');
    if (ours) return join(mount, path.join(':'));
  }
  return null;
}

/** False when the process has ended. */
async function move(group: string, pid: number): Promise<boolean> {
  try {
    await writeFile(join(group, 'cgroup.procs'), String(pid));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function setFrozen({ version }: Hierarchy, group: string, frozen: boolean): Promise<void> {
  if (version === 1) {
    await writeFile(join(group, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
    await reach(join(group, 'freezer.state'), frozen ? /^FROZEN/ : /^THAWED/);
  } else {
    await writeFile(join(group, 'cgroup.freeze'), frozen ? '1' : '0');
    await reach(join(group, 'cgroup.events'), frozen ? /^frozen 1$/m : /^frozen 0$/m);
  }
}

async function reach(file: string, state: RegExp): Promise<void> {
  for (let pause = 1; !state.test(await readFile(file, 'utf8')); pause = Math.min(pause * 2, 20)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function thawGroup(hierarchy: Hierarchy, group: string, homes: ReadonlyMap<number, string>): Promise<void> {
  await setFrozen(hierarchy, group, false);
  for (;;) {
    const pids = (await readFile(join(group, 'cgroup.procs'), 'utf8')).split('\n').filter((line) => line !== '');
    for (const pid of pids) await move(homes.get(Number(pid)) ?? hierarchy.mount, Number(pid)).catch(() => {});
    try {
      await rmdir(group);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
