import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';

/**
 * Identity of a process, unique among all processes: the kernel reuses a process ID within hours, but not with the same
 * start time in the same boot and PID namespace.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, from `/proc/PID/stat`. A string, because it may exceed 2^53. */
  readonly startTime: string;
  /** `/proc/sys/kernel/random/boot_id`. */
  readonly boot: string;
  /** PID namespace of `pid`: `pid:[4026531836]`. */
  readonly namespace: string;
}

export interface ProcessStatus {
  /** One letter, proc_pid_stat(5): `R`, `S`, `Z`, … */
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
  /** Clock ticks of processors, of the process and of the kernel for it. */
  readonly cpuTicks: number;
  /** Controlling terminal, `pts/0`; null without one. */
  readonly terminal: string | null;
}

/** Clock ticks of a second in /proc, the same on each architecture that orlop has; sysconf(3), _SC_CLK_TCK. */
export const ticksPerSecond = 100;

/** Parses `/proc/PID/stat`; null if it is malformed. The name in it may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStatus | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , , terminal] = fields;
  // Field 22 of the manual page is the 20th after the name.
  const startTime = fields[19];
  if (state === undefined || parent === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return null;
  const cpuTicks = Number(fields[11]) + Number(fields[12]);
  return { state, parent: Number(parent), startTime, cpuTicks, terminal: terminalName(Number(terminal)) };
}

/** Name of a terminal by its device number; the majors are in the kernel's `admin-guide/devices.txt`. */
function terminalName(device: number): string | null {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return device === 0 ? null : `${major}:${minor}`;
}

/**
 * Status of a process; null if there is none with that ID.
 *
 * @throws a system error if the status cannot be read (EMFILE, for example): a null would let the caller remove what
 * the process uses
 */
export async function processStatus(pid: number): Promise<ProcessStatus | null> {
  try {
    // Synchronous: the kernel answers from memory, faster than a thread.
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // ESRCH if the process ends between open and read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/**
 * True if a signal has an effect on PID 1 of a PID namespace. It only receives signals that it handles, or blocks in
 * order to wait for them (pid_namespaces(7), proc_pid_status(5)). True also if the masks cannot be read.
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

/** Boot and PID namespace of this process, which cannot change. */
function readHere(): Promise<{ boot: string; namespace: string }> {
  here ??= Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'latin1'), readlink('/proc/self/ns/pid')]).then(
    ([boot, namespace]) => ({ boot: boot.trim(), namespace }),
    (error: unknown) => {
      // Not cached: the next call may succeed, after too many open files, for example.
      here = undefined;
      throw error;
    },
  );
  return here;
}

/** ID of the current boot. */
export async function bootId(): Promise<string> {
  return (await readHere()).boot;
}

/** Identity of a living process; null if there is none with that ID. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const [status, place] = await Promise.all([processStatus(pid), readHere()]);
  return status === null ? null : { pid, startTime: status.startTime, ...place };
}

let self: Promise<ProcessIdentity> | undefined;

/**
 * Identity of this program, or of this Worker: a Worker's containers and locks end with its thread. The kernel shows a
 * thread below /proc like a process (proc(5)).
 */
export function ownIdentity(): Promise<ProcessIdentity> {
  // Synchronous: libuv would read the link on another thread.
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

/** Thread ID from `PID/task/TID`; for the main thread, the process ID. */
function threadOf(link: string): number {
  return Number(link.slice(link.lastIndexOf('/') + 1));
}

/**
 * True if the process lives. A zombie does not: its application has exited. A process of another PID namespace cannot
 * be looked up and counts as living, so that its objects are kept.
 */
export async function isAlive({ pid, startTime, boot, namespace }: ProcessIdentity): Promise<boolean> {
  const place = await readHere();
  if (boot !== place.boot) return false;
  if (namespace !== place.namespace) return true;
  const status = await processStatus(pid);
  return status !== null && status.startTime === startTime && status.state !== 'Z' && status.state !== 'X';
}
