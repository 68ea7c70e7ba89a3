import { RequestError } from '../errors/index.ts';
import type { Launched } from '../launch/launch.ts';
import { type DeviceRules, defaultDeviceRules } from '../linux/device-rules.ts';
import type { Native, NativeExit, NativeProcess } from '../native/contract.ts';
import type { UserRange } from '../plan/facts.ts';
import type { Limited } from '../prefetch/groups.ts';
import type { Range } from '../prefetch/ranges.ts';
import type { Limits } from '../request/limits.ts';
import type { ContainerExit } from '../supervise/settle-exit.ts';
import type { Guarded } from './guarded.ts';
import type { Runtime } from './runtime.ts';
import { Watch } from './watch.ts';

/** What a container has of the program while it runs. */
export interface Lent {
  /** IDs of its user namespace; null: it has none of its own. */
  readonly range: Range | null;
  /** Its cgroups; null: it stays in those of the program. */
  readonly limited: Limited | null;
}

export interface Wanted {
  readonly userNamespace: UserRange | null;
  readonly limits: Limits;
  /** What its filter of devices allows; undefined: what every container may use. */
  readonly deviceRules?: DeviceRules | undefined;
  readonly mayHang: boolean;
  /** The container is ended by its cgroup. */
  readonly ending?: boolean | undefined;
}

/** Takes what a container needs, or nothing. Throws as `Groups.take` and `Ranges.take`. */
export async function lend(runtime: Runtime, wanted: Wanted): Promise<Lent> {
  const { userNamespace, limits, deviceRules = defaultDeviceRules, mayHang, ending } = wanted;
  const taking = runtime.groups.take({ limits, devices: deviceRules, ending });
  if (userNamespace === null) return { range: null, limited: await taking };
  // Both are waited for: what one has given is to be taken back when the other fails, in any order.
  const [range, limited] = await Promise.allSettled([takeRange(runtime, userNamespace, mayHang), taking]);
  if (range.status === 'fulfilled' && limited.status === 'fulfilled') {
    return { range: range.value, limited: limited.value };
  }
  takeBack(runtime, { range: givenBy(range), limited: givenBy(limited) });
  throw range.status === 'rejected' ? range.reason : (limited as PromiseRejectedResult).reason;
}

function givenBy<T>(settled: PromiseSettledResult<T>): T | null {
  return settled.status === 'fulfilled' ? settled.value : null;
}

async function takeRange({ ranges, where }: Runtime, { first, size }: UserRange, mayHang: boolean): Promise<Range> {
  await where.openForUsers(mayHang);
  return first === null ? ranges.take(size) : ranges.chosen(first, size);
}

/** Takes everything back. Call when no process of the container is left. */
export function takeBack({ groups, ranges }: Runtime, { range, limited }: Lent): void {
  if (range !== null) ranges.release(range);
  if (limited !== null) groups.release(limited);
}

/** What a launch needs too. If it cannot be had, there is no launch: gives back what was taken for it. */
export function orGiveBack<T>(work: () => T, giveBack: () => void): T {
  try {
    return work();
  } catch (error) {
    giveBack();
    throw error;
  }
}

/**
 * The exit of a container, with what its cgroups have counted. The kernel has ended all processes of its PID namespace;
 * where it has none of its own, the guard ends them.
 */
export async function exitAndTakeBack(
  runtime: Runtime,
  lent: Lent,
  { ended, process, watch, guard }: Exiting,
): Promise<ContainerExit> {
  const allEnded = guard && guardedEnd(runtime.native, process, guard);
  // Its error comes below, possibly later.
  allEnded?.catch(() => {});
  try {
    const exit = await (ended ?? exitOf(runtime.native, process));
    await allEnded;
    return { ...exit, group: lent.limited?.group.end() ?? null, timeLimit: watch.endedBy(exit.exit) };
  } finally {
    watch.stop();
    await allEnded?.catch(() => {});
    takeBack(runtime, lent);
  }
}

interface Exiting extends Pick<Launched, 'ended' | 'process'> {
  readonly watch: Watch;
  /** Undefined: the container has a PID namespace of its own. */
  readonly guard?: Guarded | undefined;
}

/** Ends the other processes at the exit of the application: its outputs end with the last one that holds them. */
async function guardedEnd(native: Native, process: NativeProcess, guard: Guarded): Promise<void> {
  // Who waits for the exit gets the error.
  await native.wait(process).catch(() => {});
  await guard.end();
}

/** The exit of a process whose output is not collected. */
async function exitOf(native: Native, process: NativeProcess): Promise<NativeExit> {
  return { exit: await native.wait(process), outputs: [], overflow: null, cut: false, failure: null };
}

/** Watches the limits of time of a container that is launched now. */
export function watch({ limited }: Lent, limits: Limits, kill: () => void): Watch {
  return new Watch(limits, () => limited?.group.processorMs() ?? 0, kill);
}

/** Says which limit the kernel has refused; gives other errors of a launch as they are. */
export function explainLimit(error: unknown, { limited }: Lent): unknown {
  const { path, code } = error as NodeJS.ErrnoException;
  const setting = path === undefined ? undefined : limited?.group.settingAt(path, limited.settings);
  if (setting === undefined) return error;
  const message = `the kernel refuses the limit '${setting.value}' for '${setting.file}' (${code})`;
  return new RequestError('ORLOP_E_LIMIT', message, {
    hint: 'choose a value that the machine has, and that the cgroup above allows',
    cause: error,
  });
}
