import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Hierarchy } from '../../cgroups/hierarchies.ts';
import { makerOf } from '../../cgroups/names.ts';
import { hierarchiesOf } from '../../cgroups/visible.ts';
import { shortId } from '../../plan/holes.ts';
import { errorCode } from '../../store/system-error.ts';
import { pollUntil } from './poll.ts';

/** A hierarchy that can freeze: version 2 always (Linux 5.2), version 1 by its freezer controller. */
export type Freezer = Pick<Hierarchy, 'version' | 'mount'>;

/** A cgroup that freezes a container. Plain data, noted on disk, so that another process can thaw it. */
export interface FrozenGroup {
  readonly hierarchy: Freezer;
  readonly path: string;
  /** Path of the cgroup that the application was in before; the same if the container has one of its own. */
  readonly home: string;
}

/** Lists the hierarchies that can freeze, cgroup v2 first: processes that cgroup v1 has frozen cannot be killed. */
export function freezers(): Freezer[] {
  const able = hierarchiesOf('self').filter(
    ({ version, controllers }) => version === 2 || controllers.includes('freezer'),
  );
  return able.map(({ version, mount }) => ({ version, mount }));
}

/** Names the cgroup to freeze a container in; null if the container is not in the hierarchy. Makes nothing. */
export function groupFor(hierarchy: Freezer, id: string, pid: number): FrozenGroup | null {
  const home = homeOf(hierarchy, pid);
  if (home === null) return null;
  if (hierarchy.version === 2 && makerOf(basename(home)) !== null) return { hierarchy, path: home, home };
  return { hierarchy, path: join(hierarchy.mount, `orlop-pause-${shortId(id)}`), home };
}

/**
 * Freezes the processes: in the container's own cgroup, or moved into the group. Fills `homes` with the cgroup that each
 * moved process was in before.
 *
 * @throws a system error where the hierarchy cannot be written, RequestError ORLOP_E_TIMEOUT; `thaw` undoes what was done
 */
export async function freeze(
  group: FrozenGroup,
  processes: () => Promise<number[]>,
  homes: Map<number, string>,
): Promise<void> {
  if (group.path !== group.home) {
    await mkdir(group.path);
    await gather(group, processes, homes);
  }
  await setFrozen(group, true);
}

/** Thaws a group. Moves each process back to its cgroup, and removes the group, if it was made for the pause. */
export async function thaw(group: FrozenGroup, homes: ReadonlyMap<number, string>): Promise<void> {
  try {
    await setFrozen(group, false);
    if (group.path === group.home) return;
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
      const home = homeOf(hierarchy, pid);
      if (home === null || home === path) continue;
      if (!(await move(path, pid))) continue;
      homes.set(pid, home);
      moved = true;
    }
  }
}

/** Path of a process's cgroup in a hierarchy; null when the process is gone. */
function homeOf({ mount }: Freezer, pid: number): string | null {
  return hierarchiesOf(pid).find((one) => one.mount === mount)?.own ?? null;
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
