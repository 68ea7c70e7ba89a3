import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';

/**
 * A process that is told apart from every other that ever had its number: the kernel reuses process IDs within hours,
 * but not together with the start time in the same boot and PID namespace.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as `/proc/PID/stat` has it; a string because it may exceed 2^53. */
  readonly startTime: string;
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly boot: string;
  /** The PID namespace that the number belongs to: `pid:[4026531836]`. */
  readonly namespace: string;
}

export interface ProcessStatus {
  /** One letter, proc_pid_stat(5): `R`, `S`, `Z`, … */
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
}

/** Parses `/proc/PID/stat`; null when it is not one. The name in it may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStatus | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  // Field 22 of the page is the 20th after the name.
  const startTime = fields[19];
  if (state === undefined || parent === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return null;
  return { state, parent: Number(parent), startTime };
}

/**
 * Status of a process; null when there is none of that number.
 *
 * @throws a system error where that cannot be told, as EMFILE: whoever took the process for gone would remove what it uses
 */
export async function processStatus(pid: number): Promise<ProcessStatus | null> {
  try {
    // Synchronous: the kernel answers from memory, faster than a thread could be asked.
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH when it ends between open and read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/**
 * Whether a signal would make a process do anything that its PID namespace begins with: such a one gets no signal by
 * default, only those that it has a handler for, or blocks to wait for them (pid_namespaces(7), proc_pid_status(5)).
 * True also where that cannot be told.
 */
export function heeds(pid: number, signal: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const sets = ['SigBlk', 'SigCgt'].map((name) => new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]);
    return sets.some((set) => set === undefined || ((BigInt(`0x${set}`) >> BigInt(signal - 1)) & 1n) === 1n);
  } catch {
    return true;
  }
}

let here: Promise<{ boot: string; namespace: string }> | undefined;

/** Boot and PID namespace of this process; they cannot change while it lives. */
function readHere(): Promise<{ boot: string; namespace: string }> {
  here ??= Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'latin1'), readlink('/proc/self/ns/pid')]).then(
    ([boot, namespace]) => ({ boot: boot.trim(), namespace }),
    (error: unknown) => {
      // Too many open files, for example: the next call may have more luck.
      here = undefined;
      throw error;
    },
  );
  return here;
}

/** The boot that the machine is in. */
export async function bootId(): Promise<string> {
  return (await readHere()).boot;
}

/** Identity of a process that lives now; null when there is none of that number. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const [status, place] = await Promise.all([processStatus(pid), readHere()]);
  return status === null ? null : { pid, startTime: status.startTime, ...place };
}

let self: Promise<ProcessIdentity> | undefined;

/**
 * Identity of this program, or of this Worker: a Worker's containers and locks end with its thread, and the kernel shows
 * a thread below /proc as it shows a process (proc(5)).
 */
export function ownIdentity(): Promise<ProcessIdentity> {
  // Not asynchronously: libuv would read the link on another thread.
  self ??= identify(threadOf(readlinkSync('/proc/thread-self'))).then(
    (identity) => {
      if (identity === null) throw new Error('this process is not in /proc');
      return identity;
    },
    (error: unknown) => {
      self = undefined;
      throw error;
    },
  );
  return self;
}

/** The thread's number in `PID/task/TID`; that of the main thread is the process's. */
function threadOf(link: string): number {
  return Number(link.slice(link.lastIndexOf('/') + 1));
}

/**
 * Whether the process lives. A zombie does not: its application has ended. One of another PID namespace cannot be looked
 * up from here and counts as alive, so that nobody removes what it uses.
 */
export async function isAlive({ pid, startTime, boot, namespace }: ProcessIdentity): Promise<boolean> {
  const place = await readHere();
  if (boot !== place.boot) return false;
  if (namespace !== place.namespace) return true;
  const status = await processStatus(pid);
  return status !== null && status.startTime === startTime && status.state !== 'Z' && status.state !== 'X';
}
