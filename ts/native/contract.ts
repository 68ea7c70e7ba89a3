import type { Marks, Rights } from './rights.ts';

/** Mount point of the root filesystem in the empty mount namespace; `native/opener/empty_namespace.h`. */
export const emptyMountPoint = '/rootfs';

/** Version of this interface. Compared with the addon when the addon is loaded. */
export const abi = 11;

/**
 * A command makes one start and ends: it prefetches nothing and leaves no work for later. A program may make others.
 */
export type Mode = 'command' | 'program';

/** A process of a start; opaque. The addon reaps it after its exit, with or without a `wait`. */
export interface NativeProcess {
  readonly pid: number;
  /** Clock ticks since boot, /proc/PID/stat; null if the process was gone before the look. */
  readonly startTime: string | null;
}

/** Report of a refused start, see `native/init/run.h`. */
export interface NativeFailure {
  readonly step: number;
  readonly syscall: string;
  readonly op: number;
  readonly errno: number;
  readonly code: string;
  readonly detail: number;
}

/** A waiting container of a pool; opaque. The addon closes it when there is no reference to it. */
export interface NativeWaiting {
  readonly [brand]: 'waiting';
}
declare const brand: unique symbol;

/** A prepared start: what starts of one request have in common; opaque. */
export interface NativePrepared {
  readonly [brand]: 'prepared';
}

/** Result of an order to a waiting container. */
export interface OrderAnswer {
  /** Report of the refusal, after which the waiting container has ended; null if not refused. */
  readonly failure: NativeFailure | null;
  /** The waiting container ended without an answer: killed from outside, or closed. */
  readonly gone: boolean;
  /** See `LaunchResult`; `cloned` is the time at which the order was sent. */
  readonly times: LaunchResult['times'];
  /** See `LaunchResult`. */
  readonly pipes: readonly number[];
  readonly ended: LaunchResult['ended'];
}

/**
 * A change of the store's directories, by absolute paths. `lock` holds a lock on the file, exclusive, until the batch
 * has ended (EWOULDBLOCK if another process holds it); `share` holds a shared one. `same` fails with ESTALE if the file
 * has another identity (`fileIdentity`), `absent` with EEXIST if there is a file. `attributes` sets mode and owner.
 * `sync` is fsync(2) of a file or a directory. `layer` makes a read-write layer with its mount point. `quota` fails
 * unless quotas of projects hold at the directory. `limit` bounds a read-write layer by one: bytes, space, inodes;
 * `unlimit` takes that away. `write` makes or truncates the file. `discard` is a `rename` that ignores a missing file; so do `unlink`, `rmdir` and `remove` (a
 * directory tree).
 */
export type Change =
  | readonly [kind: 'lock' | 'share' | 'absent' | 'unlink' | 'rmdir' | 'remove' | 'sync' | 'layer', path: string]
  | readonly [kind: 'quota' | 'unlimit', path: string]
  | readonly [kind: 'limit', path: string, bounds: string]
  /** A program for a cgroup of version 2, which says what devices may be used; 1: it is only loaded. */
  | readonly [kind: 'devices', cgroup: string, program: Uint8Array, how: 0 | 1]
  | readonly [kind: 'same', path: string, identity: string]
  | readonly [kind: 'mkdir', path: string, mode: number]
  | readonly [kind: 'attributes', path: string, mode: number, uid: number, gid: number]
  | readonly [kind: 'write', path: string, content: string, mode: number]
  | readonly [kind: 'rename' | 'discard', from: string, to: string];

/**
 * Sources of stdio that the launcher thread opens, in place of a descriptor: /dev/null, a pipe whose other end the
 * caller gets, or a duplicate of the source before it. `native/launch/slot_source.h`.
 */
export const stdioSource = {
  nothingToRead: -1,
  nothingToWrite: -2,
  pipeToApplication: -3,
  pipeFromApplication: -4,
  sameAsBefore: -5,
} as const;

/**
 * What surrounds the plan of a prepared start. Texts have holes: a NUL and the digit of its number, `ts/plan/holes.ts`.
 */
export interface PrepareOptions {
  /** Holes of the plan: offset, length and number of each. */
  readonly holes?: readonly number[] | undefined;
  /** Feature bits of `native/init/run.h`, probed and masked. */
  readonly features: number;
  /** Checks before each launch: `share`, `same` and `absent`. If one fails, nothing was made. */
  readonly checks?: readonly Change[] | undefined;
  /** Batch that makes the container. The launcher thread applies it after the checks, if the launch has `create`. */
  readonly created?: readonly Change[] | undefined;
  /**
   * State file that the launcher thread writes when the application runs, before the launch resolves: `head`,
   * `"pid":…,"startTime":…` and `tail`. If the write fails, the application is killed and the launch rejects.
   */
  readonly running?: RunningState | undefined;
  /** Batch that the exit thread applies after the exit, before the caller is notified; needs `onExit`. */
  readonly ended?: readonly Change[] | undefined;
  /** Batch that the background thread applies if `ended` succeeded: the caller does not wait for it. */
  readonly background?: readonly Change[] | undefined;
  /** Content of uid_map and gid_map if the plan makes a user namespace, with holes. */
  readonly uidMap?: string | undefined;
  readonly gidMap?: string | undefined;
}

export interface RunningState {
  readonly path: string;
  readonly head: string;
  readonly tail: string;
  /** The file is on the disk when the launch resolves. */
  readonly durable: boolean;
}

/** Values for the holes of a prepared start. */
export interface StartValues {
  /** Values by the number of the hole, without a NUL. In the plan, a value has the length of its hole. */
  readonly values: readonly string[];
  /** Replaces the command of the last operation of the plan. */
  readonly command?: NativeCommand | undefined;
}

export interface NativeCommand {
  readonly candidates: readonly string[];
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

/** Report of the exit of an application. */
export interface ExitOptions {
  /** Read the outputs of the application to their end, instead of giving the pipes to the caller. */
  readonly collect: boolean;
  /** Report start and exit together. */
  readonly reportWithExit: boolean;
  /** Maximum bytes of each output that is read. Above it, the process is killed. */
  readonly limit: number;
}

export interface LaunchOptions extends StartValues {
  /**
   * Sources of the first slots, in order: a descriptor, which `launch` duplicates before it returns and the caller
   * closes; or one of `stdioSource`.
   */
  readonly descriptors: readonly number[];
  /** Descriptors for the next slots: the addon gave them, and the launch closes them. */
  readonly taken?: readonly number[] | undefined;
  /** Apply `created` of the prepared start before the clone. */
  readonly create?: boolean | undefined;
  /** Report the exit by `ended` of the result. */
  readonly onExit?: ExitOptions | undefined;
  /** The cgroups to start in. */
  readonly group?: LaunchGroup | undefined;
  /** The running container that the process enters: orlop-init executes the plan, and the slots of `join` are filled. */
  readonly enter?: EnteredContainer | undefined;
}

/** A running container, and what enters it. The launch rejects with ESRCH if the application is gone. */
export interface EnteredContainer {
  readonly pid: number;
  /** Clock ticks since boot, /proc/PID/stat. */
  readonly startTime: string;
  /** Path of orlop-init. */
  readonly program: string;
  /** Executes it. */
  readonly boot: NativePrepared;
}

export interface LaunchGroup {
  /** Descriptor of a directory of cgroup v2, which the caller closes. */
  readonly cgroup?: number | undefined;
  /** Descriptor of `openSeat`, which the caller closes after the exit. */
  readonly seat?: number | undefined;
  /** Changes that write the limits. The launcher thread applies them after those of the prepared start. */
  readonly limits: readonly Change[];
}

export interface Exit {
  /** Exit status; null after a signal. */
  readonly code: number | null;
  /** Number of the signal; null otherwise. */
  readonly signal: number | null;
}

/** Exit of a process that the addon has waited for. */
export interface ReapedExit extends Exit {
  /** CLOCK_MONOTONIC in nanoseconds when the process was reaped; 0 if another program reaps it. */
  readonly seen: number;
  readonly usage: NativeUsage;
}

/** What a process and the children that it waited for have used, getrusage(2). */
export interface NativeUsage {
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Largest resident set of one process; 0 if that was not above what the program had when it cloned the process. */
  readonly maxResidentKilobytes: number;
  /** Of 512 bytes. */
  readonly blocksRead: number;
  readonly blocksWritten: number;
}

export interface NativeExit {
  readonly exit: ReapedExit;
  /** Outputs, in the order of their pipes; after an overflow, the bytes before it. */
  readonly outputs: readonly Buffer[];
  /** Index of the output above the limit; null if there is none. */
  readonly overflow: number | null;
  /**
   * True if an output was not read to its end: half a second after the kill and the exit, another process held it open.
   */
  readonly cut: boolean;
  /** Error of the first change that failed; null if all were made. */
  readonly failure: Error | null;
}

export interface LaunchResult {
  /** The application; null if the start was refused. */
  readonly process: NativeProcess | null;
  readonly failure: NativeFailure | null;
  /** Exit of a child that ended before execve without a report: killed from outside, or cancelled (signal 9). */
  readonly died: Exit | null;
  /**
   * CLOCK_MONOTONIC in nanoseconds: call, clone, begin of the child, then begin of the first operation and end of each
   * operation, then return of clone. 0 for what was not reached. `ops` is empty without a clone; after a success its
   * last entry (`exec`) is 0. The operations of an opener come before the clone.
   */
  readonly times: {
    readonly called: number;
    readonly cloned: number;
    readonly entered: number;
    readonly ops: Float64Array;
    readonly returned: number;
  };
  /** The caller's ends of the pipes, in the order of the sources. The caller closes them. */
  readonly pipes?: readonly number[];
  /** Null without `onExit`, or without a process. */
  readonly ended: Promise<NativeExit> | null;
}

/** One change that a read-write layer makes. */
export interface NativeChange {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}

export interface Relay {
  readonly ended: Promise<void>;
  /**
   * Call after the exit of the application: `ended` resolves at the latest after half a second of silence in the pipe.
   */
  finish(): void;
}

/** A file at a path of the host. */
export interface Looked {
  /** Without symbolic links. */
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  readonly directory: boolean;
  /** Device that a device file names, as mknod(1) takes it: `b 8:0`; empty for another file. */
  readonly special: string;
  /** `f_type` of statfs(2); 0 if unknown. */
  readonly fileSystem: number;
}

/** Why orlop-launcher could not begin: the system error, the step of `native/launcher/calls.h`, and a helper's text. */
export interface LauncherRefusal extends NodeJS.ErrnoException {
  readonly step: number;
  readonly text: string;
}

export interface LauncherOptions {
  /** Path of orlop-launcher. */
  readonly executable: string;
  /** Lines of uid_map and gid_map; empty: no user namespace. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** Paths of newuidmap(1) and newgidmap(1), which write maps of more than the caller's ID; empty: orlop-launcher does. */
  readonly newuidmap: string;
  readonly newgidmap: string;
}

export type LauncherResult =
  | { readonly native: Native; readonly userNamespace: number; readonly pid: number }
  | { readonly refused: LauncherRefusal };

export interface Native {
  readonly abi: number;
  /** What containers can be made with; set by the loader. */
  readonly rights: Rights;
  /** Feature bits of this kernel, probed once. */
  features(): number;

  /**
   * Checks a plan, and keeps it with what surrounds its launch. Nothing else can be launched. Throws a TypeError if the
   * plan is not well formed.
   */
  prepare(plan: Uint8Array, options: PrepareOptions): NativePrepared;
  /**
   * Launches a prepared start. `token` is for `cancel`. Rejects only if no process could be made: with the system error
   * of a check or change (`path`), of clone, of fcntl, or of a write to an id map (`path`); or with a TypeError. A
   * process whose plan has `parent-death` ends with this environment (a Worker, or the program).
   */
  launch(prepared: NativePrepared, options: LaunchOptions, token: object): Promise<LaunchResult>;
  /**
   * Makes the empty mount namespace, in which starts with an opener are cloned, once for the program. Rejects without
   * privilege (EPERM), and if a thread could not return to its root directory (EXDEV).
   */
  makeEmptyNamespace(inUserNamespace?: boolean): Promise<void>;
  /**
   * Makes a user namespace with these maps, for `idmap` operations. Resolves with a descriptor, which the caller closes.
   * Rejects with a system error of clone, or of a write to a map.
   */
  makeUserNamespace(uidMap: string, gidMap: string): Promise<number>;
  /**
   * Makes a network namespace, and executes a plan of `loopback` and `sysctl` operations in it. Resolves with a
   * descriptor, which the caller closes. Rejects with the errno of the refused operation.
   */
  makeNetwork(prepared: NativePrepared, options: StartValues): Promise<number>;
  /**
   * Makes a launching thread in the cgroups of version 1 with these directories (absolute paths), which `changes` make.
   * The child of a launch with this seat is born in them. Resolves with a descriptor; the thread ends when the caller
   * closes it. `entering`: for launches that enter a container.
   */
  openSeat(directories: readonly string[], changes: readonly Change[], entering?: boolean): Promise<number>;
  /**
   * Executes the `prepare` operations of a plan with an opener. Resolves with the descriptors of its slots, in their
   * order, which the caller closes. Rejects with the errno of the refused operation; then no mount is left. `paths`,
   * each with a NUL behind it, are looked up in the first mount, so that the kernel caches them; missing ones are
   * ignored. Begins after the launch of the token `after`, to leave it the processor.
   */
  openMounts(
    prepared: NativePrepared,
    options: StartValues & { readonly paths: string; readonly after?: object | undefined },
  ): Promise<number[]>;
  /**
   * Starts orlop-launcher, whose user namespace is made with these maps, or gives the one that runs in this program.
   * `native` has the same functions, whose privileged calls are made there; `userNamespace` is a descriptor that stays
   * open, or -1. The process ends with the program, and the applications end with it.
   */
  startLauncher(options: LauncherOptions): Promise<LauncherResult>;
  /** Kills the child of a start that is not settled, or prevents the clone. */
  cancel(token: object): void;
  /** Lets the program end without the result of a cancelled start. */
  abandon(token: object): void;
  /**
   * Looks at a path of the host. Rejects with a system error of open(2) or fstat(2). Never settles if the file system
   * does not answer; that keeps neither the event loop alive nor any other call waiting.
   */
  lookAt(path: string): Promise<Looked>;
  /**
   * Makes the socket of a new waiting container, and sends the order by which it makes the container. `descriptor` is
   * for orlop-init, which the caller launches next with `descriptor` as its three standard streams. The addon closes it
   * at `waitingReady` or `closeWaiting`. `paths`, each with a NUL behind it, are looked up in the union, as by
   * `openMounts`.
   */
  openWaiting(
    prepared: NativePrepared,
    options: StartValues & { readonly paths?: string | undefined },
  ): { waiting: NativeWaiting; descriptor: number };
  /** Resolves when the container waits, or could not be made. `process` is the launched orlop-init. */
  waitingReady(waiting: NativeWaiting, process: NativeProcess): Promise<OrderAnswer>;
  /**
   * Sends a waiting container the order by which it becomes the application, once. Resolves when the application was
   * executed or refused; rejects if the order could not be sent. Descriptors are for the first slots; the slot after
   * them gets the mount namespace of the waiting container.
   */
  becomeApplication(
    waiting: NativeWaiting,
    prepared: NativePrepared,
    options: StartValues & Required<Pick<LaunchOptions, 'descriptors' | 'onExit'>>,
  ): Promise<OrderAnswer>;
  /**
   * Resolves when the container waits no longer: it is the application, or has ended. Does not keep the event loop
   * alive.
   */
  waitingOver(waiting: NativeWaiting): Promise<void>;
  /** Closes the socket of a waiting container: one that waits ends. */
  closeWaiting(waiting: NativeWaiting): void;

  /**
   * Resolves when the process has exited and was reaped, before or after this call. Rejects (ECHILD) if another caller
   * of waitid has taken its status.
   */
  wait(process: NativeProcess): Promise<ReapedExit>;
  /** Sends a signal through the pidfd; false after the exit. */
  kill(process: NativeProcess, signal: number): boolean;
  /**
   * Sends a signal to a process that another program started, if its start time (clock ticks, /proc/PID/stat) still
   * fits.
   */
  killOther(pid: number, startTime: string, signal: number): boolean;
  /**
   * Resolves with true at the exit of a process that another program started; with false if the start time does not
   * fit.
   */
  waitOther(pid: number, startTime: string): Promise<boolean>;

  /** A pipe, both ends close-on-exec. */
  pipe(): [read: number, write: number];
  /**
   * close(2), for descriptors that the addon gave: node:fs did not open them, so in a Worker it warns when it closes
   * them. Off the JavaScript thread, because the last descriptor of a view unmounts the view.
   */
  close(fd: number): Promise<void>;
  /** close(2) at once, for descriptors whose close does not block, for example a pipe. */
  closeSync(fd: number): void;
  /**
   * Gives up a descriptor: another owner closes it, for example a stream. The addon closes the descriptors that it gave
   * at the end of their Worker or the program, unless `close`, `closeSync` or `disown` was called.
   */
  disown(fd: number): void;
  /**
   * Relays the pipe `from` to a copy of `to`, on a thread of its own, and closes `from`, which the addon gave, at its
   * end. `ended` rejects if a write fails.
   */
  relay(from: number, to: number): Relay;
  /** The same from a copy of the file `from` to the pipe `to`, which the addon gave. */
  feed(from: number, to: number): Relay;
  /** flock(2) without waiting; false if another process holds the lock. */
  tryLock(fd: number, kind: 'shared' | 'exclusive'): boolean;
  /** Applies a batch of changes in order, at once. Throws at the first that fails, and stops. */
  change(changes: readonly Change[]): void;
  /** Applies a batch of changes off the JavaScript thread. */
  changeLater(changes: readonly Change[]): Promise<void>;
  /** syncfs(2), off the JavaScript thread. */
  syncfs(fd: number): Promise<void>;
  /**
   * Mounts a detached, read-only overlay of layer directories (absolute paths), uppermost first. Resolves with a
   * directory descriptor, which the caller closes. A single layer is bound without overlayfs.
   */
  openView(layers: readonly string[], marks: Marks): Promise<number>;
  /**
   * Opens the root filesystem of a running container, read-only, without the mounts on it: the union that its process
   * uses, not a second one. Resolves with a directory descriptor, which the caller closes. Rejects with ESRCH if the
   * process with that start time is gone.
   */
  openRootOf(pid: number, startTime: string): Promise<number>;
  /**
   * Opens a path below `root` as if `root` were `/`, by openat2. Magic links are refused (ELOOP). Flags as of open(2);
   * O_CLOEXEC is added. Pass O_NONBLOCK or O_PATH if the path may lead to a FIFO or a device.
   */
  openInRoot(root: number, path: string, flags: number, mode?: number): Promise<number>;
  /**
   * Removes `name` in the directory and all below it. Never enters another mount (EXDEV, EBUSY), never follows a link.
   * Ignores a missing `name`.
   */
  removeTree(directory: number, name: string): Promise<void>;
  /**
   * Copies the content of `source` into the empty directory `destination`: owner, mode, times, xattrs, links, holes.
   * The destination itself gets the attributes of the source. After a rejection the caller removes the copy.
   */
  copyTree(source: number, destination: number): Promise<void>;
  /**
   * Changes of the upper directory against the view below it, sorted by path as bytes. Bytes of a name that are not
   * UTF-8 become U+FFFD: the paths are for people to read, not to open.
   */
  diff(upper: number, view: number, marks: Marks): Promise<NativeChange[]>;
  /** Lengths of the files, and number of entries, below a directory (hard links once), without other mounts. */
  treeSize(directory: number): Promise<{ bytes: number; entries: number }>;
  /** Tells ext4 to place each subdirectory in another part of the disk; false on other file systems. */
  spreadSubdirectories(directory: number): boolean;
  /**
   * Makes all further calls about directory trees and descriptors run on the JavaScript thread, at once: for a program
   * that does nothing meanwhile, and ends soon.
   */
  workAtOnce(): void;
  /**
   * Limits the feature bits that the functions on directory trees use: without a bit they use the calls of older
   * kernels.
   */
  limitFeatures(features: number): void;
}
