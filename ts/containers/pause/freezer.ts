import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../store/system-error.ts';
import { pollUntil } from './poll.ts';

/** A hierarchy that can freeze: cgroup v2 always (5.2), cgroup v1 by its freezer controller. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mount: string;
}

/** A cgroup that was made to be frozen. Plain data: noted on disk, so that another process can thaw it. */
export interface FrozenGroup {
  readonly hierarchy: Hierarchy;
  readonly path: string;
  /** Cgroup that the application was in before, as a path. */
  readonly home: string;
}

/** Hierarchies of this machine that can freeze, the better one first: what cgroup v1 has frozen cannot be killed. */
export async function hierarchies(): Promise<Hierarchy[]> {
  const found: Hierarchy[] = [];
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const mount = left.split(' ')[4] ?? '';
    const [type, , options = ''] = right.split(' ');
    if (type === 'cgroup2') found.push({ version: 2, mount });
    if (type === 'cgroup' && options.split(',').includes('freezer')) found.push({ version: 1, mount });
  }
  return found.sort((a, b) => b.version - a.version);
}

/** Where a container can be frozen; null where it is in no such hierarchy. Makes nothing. */
export async function groupFor(hierarchy: Hierarchy, id: string, pid: number): Promise<FrozenGroup | null> {
  const home = await homeOf(hierarchy, pid);
  if (home === null) return null;
  return { hierarchy, path: join(hierarchy.mount, `orlop-pause-${id.slice(0, 12)}`), home };
}

/**
 * Moves processes into the group and freezes it. Gives where each of them was before.
 *
 * @throws a system error where the hierarchy cannot be written, RequestError ORLOP_E_TIMEOUT; `thaw` undoes what was done
 */
export async function freeze(
  group: FrozenGroup,
  processes: () => Promise<number[]>,
  homes: Map<number, string>,
): Promise<void> {
  await mkdir(group.path);
  await gather(group, processes, homes);
  await setFrozen(group, true);
}

/** Thaws a group, moves each process back to where it was, and removes the group. */
export async function thaw(group: FrozenGroup, homes: ReadonlyMap<number, string>): Promise<void> {
  try {
    await setFrozen(group, false);
    await pollUntil('the processes of a paused container are moved back', async () => {
      for (const pid of await members(group)) await moveHome(group, pid, homes.get(pid) ?? group.home);
      return removed(group.path);
    });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Children of a moved process are born in the group, so when a look finds nobody outside, all are in it. */
async function gather(
  { hierarchy, path }: FrozenGroup,
  processes: () => Promise<number[]>,
  homes: Map<number, string>,
): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false;
    for (const pid of await processes()) {
      const home = await homeOf(hierarchy, pid);
      if (home === null || home === path) continue;
      if (!(await move(path, pid))) continue;
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

async function members({ path }: FrozenGroup): Promise<number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}

/** False when the process has ended. */
async function move(group: string, pid: number): Promise<boolean> {
  try {
    await writeFile(join(group, 'cgroup.procs'), String(pid));
    return true;
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Where the cgroup from before is gone or closed, the uppermost one takes the process: it must not stay in ours. */
async function moveHome({ hierarchy }: FrozenGroup, pid: number, home: string): Promise<void> {
  await move(home, pid).catch(() => move(hierarchy.mount, pid));
}

async function setFrozen({ hierarchy, path }: FrozenGroup, frozen: boolean): Promise<void> {
  const v1 = hierarchy.version === 1;
  const [control, value] = v1 ? ['freezer.state', frozen ? 'FROZEN' : 'THAWED'] : ['cgroup.freeze', frozen ? '1' : '0'];
  const [events, reached] = v1 ? ['freezer.state', new RegExp(`^${value}`)] : ['cgroup.events', frozenIs(value)];
  await pollUntil(`a cgroup is ${frozen ? 'frozen' : 'thawed'}`, async () => {
    // Again each time: cgroup v1 forgets processes that were born while it froze.
    await writeFile(join(path, control), value);
    return reached.test(await readFile(join(path, events), 'utf8'));
  });
}

function frozenIs(value: string): RegExp {
  return new RegExp(`^frozen ${value}$`, 'm');
}

/** False while a process is in it, or a dead one has not been reaped. */
async function removed(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EBUSY') throw error;
    return false;
  }
}
