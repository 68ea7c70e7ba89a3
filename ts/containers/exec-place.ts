import { closeSync, openSync } from 'node:fs';
import type { Joined } from '../cgroups/joining.ts';
import type { ProcessIdentity } from '../linux/proc.ts';
import type { Native } from '../native/contract.ts';

/** Control groups of a container, open for the launch of a further process. */
export interface Place {
  /** Descriptor of the one of version 2. */
  readonly cgroup: number | undefined;
  /** Descriptor of a seat in those of version 1. */
  readonly seat: number | undefined;
  /** Call when the launch has begun or failed. */
  opened(): void;
  /** Call when the process has ended: it would die with the seat. */
  leave(): void;
}

/** Throws a system error: ENOENT if the container has ended. */
export async function openPlace(
  native: Native,
  application: Pick<ProcessIdentity, 'pid' | 'startTime'>,
  { second, first }: Joined,
): Promise<Place> {
  const seat = first.length === 0 ? null : takeSeat(native, application, first);
  const leave = () => seat?.leave();
  try {
    const descriptor = await seat?.descriptor;
    const cgroup = second === undefined ? undefined : openSync(second, 'r');
    const opened = () => {
      if (cgroup !== undefined) closeSync(cgroup);
    };
    return { cgroup, seat: descriptor, opened, leave };
  } catch (error) {
    leave();
    throw error;
  }
}

/** A thread in the control groups of a container. */
interface SharedSeat {
  readonly descriptor: Promise<number>;
  users: number;
  timer: NodeJS.Timeout | undefined;
}

const seats = new WeakMap<Native, Map<string, SharedSeat>>();

/**
 * Time that a seat without a process waits for the next, in ms: to make one takes the kernel some milliseconds. Not
 * longer, because it keeps the control groups of a container that has ended.
 */
const idleMs = 200;

function takeSeat(
  native: Native,
  { pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>,
  directories: readonly string[],
): { readonly descriptor: Promise<number>; leave(): void } {
  const known = seats.get(native) ?? new Map<string, SharedSeat>();
  seats.set(native, known);
  const key = `${pid} ${startTime} ${directories.join(' ')}`;
  const seat = known.get(key) ?? { descriptor: native.openSeat(directories, [], true), users: 0, timer: undefined };
  known.set(key, seat);
  seat.users++;
  clearTimeout(seat.timer);
  const drop = () => {
    if (known.get(key) === seat) known.delete(key);
    seat.descriptor.then(native.closeSync, () => {});
  };
  seat.descriptor.catch(() => {
    if (known.get(key) === seat) known.delete(key);
  });
  const leave = () => {
    if (--seat.users > 0) return;
    // It keeps no program alive: its thread ends with that.
    seat.timer = setTimeout(drop, idleMs).unref();
  };
  return { descriptor: seat.descriptor, leave };
}
