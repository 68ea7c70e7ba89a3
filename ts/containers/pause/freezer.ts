import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortId } from '../../plan/holes.ts';
import { errorCode } from '../../store/system-error.ts';
import { pollUntil } from './poll.ts';

/** A cgroup hierarchy that can freeze: cgroup v2 always (5.2), cgroup v1 by its freezer controller. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mount: string;
}

/** A cgroup that is made to freeze a container. Plain data, noted on disk, so that another process can thaw it. */
export interface FrozenGroup {
  readonly hierarchy: Hierarchy;
  readonly path: string;
  /** Path of the cgroup that the application was in before. */
  readonly home: string;
}

/** Lists the hierarchies that can freeze, cgroup v2 first: processes that cgroup v1 has frozen cannot be killed. */
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

/** Names the cgroup to freeze a container in; null if the container is not in the hierarchy. Makes nothing. */
export async function groupFor(hierarchy: Hierarchy, id: string, pid: number): Promise<FrozenGroup | null> {
  const home = await homeOf(hierarchy, pid);
  if (home === null) return null;
  return { hierarchy, path: join(hierarchy.mount, `orlop-pause-${shortId(id)}`), home };
}

/**
 * Moves processes into the group and freezes it. Fills `homes` with the cgroup that each process was in before.
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

/** Thaws a group, moves each process back to its cgroup, and removes the group. */
export async function thaw(group: FrozenGroup, homes: ReadonlyMap<number, string>): Promise<void> {
  try {
    await setFrozen(group, false);
    await pollUntil('the processes of a paused container are moved back', async () => {
      for (const pid of await pidsIn(group)) await moveHome(group, pid, homes.get(pid) ?? group.home);
      return removed(group.path);
    });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Moves processes until none is outside: children of a moved process are born in the group. */
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

/** Path of a process's cgroup in a hierarchy, cgroups(7); null when the process is gone. */
async function homeOf({ version, mount }: Hierarchy, pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [number, controllers = '', ...path] = line.split(':');
    const ours = version === 2 ? number === '0' : controllers.split(',').includes('freezer');
    if (ours) return join(mount, path.join(':'));
  }
  return null;
}

async function pidsIn({ path }: FrozenGroup): Promise<number[]> {
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

/** Moves a process to its former cgroup, or to the topmost one if that is gone or refuses the process. */
async function moveHome({ hierarchy }: FrozenGroup, pid: number, home: string): Promise<void> {
  await move(home, pid).catch(() => move(hierarchy.mount, pid));
}

async function setFrozen({ hierarchy, path }: FrozenGroup, frozen: boolean): Promise<void> {
  const v1 = hierarchy.version === 1;
  const [control, value] = v1 ? ['freezer.state', frozen ? 'FROZEN' : 'THAWED'] : ['cgroup.freeze', frozen ? '1' : '0'];
  const [events, reached] = v1 ? ['freezer.state', new RegExp(`^${value}`)] : ['cgroup.events', frozenIs(value)];
  await pollUntil(`a cgroup is ${frozen ? 'frozen' : 'thawed'}`, async () => {
    // Written each time, because cgroup v1 forgets processes that were born during the freeze.
    await writeFile(join(path, control), value);
    return reached.test(await readFile(join(path, events), 'utf8'));
  });
}

function frozenIs(value: string): RegExp {
  return new RegExp(`^frozen ${value}$`, 'm');
}

/** Removes a cgroup; false while a process is in it, or a zombie that has not been reaped. */
async function removed(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EBUSY') throw error;
    return false;
  }
}
