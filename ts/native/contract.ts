/** Where the root filesystem is put in the empty mount namespace; `native/opener/empty_namespace.h`. */
export const emptyMountPoint = '/rootfs';

/** The addon as TypeScript sees it. `abi` is compared when it is loaded. */
export const abi = 3;

/** A command makes one start and ends: nothing is prefetched, or left for later. A program may make others. */
export type Mode = 'command' | 'program';

/** A running process of a start; opaque. It is reaped when it has ended, whether somebody waits for it or not. */
export interface NativeProcess {
  readonly pid: number;
  /** Clock ticks since boot, /proc/PID/stat; null when the kernel no longer told. */
  readonly startTime: string | null;
}

/** Numbers of a refused start, see `native/init/run.h`. */
export interface NativeFailure {
  readonly step: number;
  readonly syscall: string;
  readonly op: number;
  readonly errno: number;
  readonly code: string;
  readonly detail: number;
}

/** A container init process of a pool, which waits for its application; opaque. Without references it is closed. */
export interface NativeMember {
  readonly [brand]: 'member';
}
declare const brand: unique symbol;

/** What starts of one request have in common; opaque. */
export interface NativePrepared {
  readonly [brand]: 'prepared';
}

/** What came of a plan that a member was given. */
export interface MemberAnswer {
  /** Why it was refused; the member has ended. */
  readonly failure: NativeFailure | null;
  /** The member ended without a word: killed from outside, or closed. */
  readonly gone: boolean;
  /** As those of a launch; `cloned` is when the plan was handed over. */
  readonly times: LaunchResult['times'];
  /** As those of a launch. */
  readonly pipes: readonly number[];
  readonly ended: LaunchResult['ended'];
}

/**
 * A change of the store's directories, by absolute paths. `lock` holds the file, exclusively, until the list has ended
 * (EWOULDBLOCK when another does), `share` with others; `same` fails with ESTALE where the file is not that of the
 * identity (`fileIdentity`); `absent` fails with EEXIST; `attributes` are mode and owner; `sync` is fsync(2) of a
 * file or a directory; `layer` makes a read-write layer, with its mount point in it; `write` makes the file or truncates it; `discard` is `rename`, `unlink`, `rmdir` and `remove` (a tree) likewise, all fine with what is gone already.
 */
export type Change =
  | readonly [kind: 'lock' | 'share' | 'absent' | 'unlink' | 'rmdir' | 'remove' | 'sync' | 'layer', path: string]
  | readonly [kind: 'same', path: string, identity: string]
  | readonly [kind: 'mkdir', path: string, mode: number]
  | readonly [kind: 'attributes', path: string, mode: number, uid: number, gid: number]
  | readonly [kind: 'write', path: string, content: string, mode: number]
  | readonly [kind: 'rename' | 'discard', from: string, to: string];

/**
 * What the launching thread opens itself, in the place of a descriptor: /dev/null, a pipe of which the caller gets the
 * other end, or what comes before it once more. `native/launch/supply.h`.
 */
export const supply = {
  nothingToRead: -1,
  nothingToWrite: -2,
  pipeToApplication: -3,
  pipeFromApplication: -4,
  sameAsBefore: -5,
} as const;

/**
 * What is prepared together with a plan. Texts have holes: a NUL and the digit of its number, `ts/plan/holes.ts`.
 */
export interface PrepareOptions {
  /** Where the plan has holes: offset, length and number of each. */
  readonly holes?: readonly number[] | undefined;
  /** Feature bits of `native/init/run.h`, as probed and masked. */
  readonly features: number;
  /** What has to be so for a launch: `share`, `same` and their like. When one fails, nothing was made. */
  readonly checks?: readonly Change[] | undefined;
  /** Makes the container. The launching thread makes these changes after the checks, where the launch says so. */
  readonly created?: readonly Change[] | undefined;
  /**
   * A file that replaces the one at the path as soon as the application runs, before the launch resolves; its content is
   * `head`, `"pid":…,"startTime":…` and `tail`. When it cannot be written, the application is killed and the launch
   * rejects.
   */
  readonly running?: RunningState | undefined;
  /** Made when the application has ended, before the caller hears of it; needs `follow`. */
  readonly ended?: readonly Change[] | undefined;
  /** Made after these, if they were, in the background: the caller does not wait for them. */
  readonly later?: readonly Change[] | undefined;
  /** Content of uid_map and gid_map when the plan makes a user namespace. */
  readonly uidMap?: string;
  readonly gidMap?: string;
}

export interface RunningState {
  readonly path: string;
  readonly head: string;
  readonly tail: string;
  /** It has reached the disk when the launch resolves. */
  readonly durable: boolean;
}

/** What fills the holes of a prepared start. */
export interface StartValues {
  /** By the numbers of the holes; in the plan, a value has the length of its hole. None holds a NUL. */
  readonly values: readonly string[];
  /** Takes the place of what the last operation of the plan executes. */
  readonly command?: NativeCommand | undefined;
}

export interface NativeCommand {
  readonly candidates: readonly string[];
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

/** How the caller hears of the end. */
export interface Follow {
  /** Read the pipes that come from the application, to their end, instead of giving them to the caller. */
  readonly collect: boolean;
  /** Report the start together with the end. */
  readonly quiet: boolean;
  /** Bytes of each output that is read; when there are more, the process is killed. */
  readonly limit: number;
}

export interface LaunchOptions extends StartValues {
  /**
   * For the supplied slots, in order: a descriptor, duplicated before `launch` returns, which the caller closes; or one
   * of `supply`.
   */
  readonly descriptors: readonly number[];
  /** For the slots after these: descriptors that the addon gave, and that are the launch's from now on. */
  readonly taken?: readonly number[] | undefined;
  /** Make the container first: `created` of the prepared start. */
  readonly create?: boolean | undefined;
  /** Resolve `ended` of the result. */
  readonly follow?: Follow | undefined;
  /** Descriptor of a cgroup v2 directory to start in. */
  readonly cgroup?: number;
}

export interface Exit {
  /** Exit status, or null when a signal ended it. */
  readonly code: number | null;
  /** Number of the signal, or null. */
  readonly signal: number | null;
}

export interface Finished {
  readonly exit: Exit;
  /** What was read, in the order of the outputs; of one that gave too much, what came before. */
  readonly outputs: readonly Buffer[];
  /** Index of the output that gave too much; null when none did. */
  readonly overflow: number | null;
  /** Why not all changes were made; null when they were. */
  readonly failure: Error | null;
}

export interface LaunchResult {
  /** The started process; null when the start was refused. */
  readonly process: NativeProcess | null;
  readonly failure: NativeFailure | null;
  /** The child ended before execve without a word: killed from outside, or cancelled (signal 9). */
  readonly died: Exit | null;
  /**
   * CLOCK_MONOTONIC in nanoseconds: call, clone, when the child began, then the beginning of the operations and one for
   * each of them, then the return of clone. 0 for what was not reached; `ops` is empty where nothing was cloned, and its
   * last entry (`exec`) is 0 after a success. The operations of an opener come before the clone.
   */
  readonly times: {
    readonly called: number;
    readonly cloned: number;
    readonly entered: number;
    readonly ops: Float64Array;
    readonly returned: number;
  };
  /** The caller's ends of pipes that were opened for the started process, in their order; the caller's to close. */
  readonly pipes?: readonly number[];
  /** Null without `follow`, or without a process. */
  readonly ended: Promise<Finished> | null;
}

/** One change that a read-write layer makes. */
export interface NativeChange {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}

export interface Relay {
  readonly ended: Promise<void>;
  /** The application has ended: `ended` comes at the latest when the pipe has been silent for half a second. */
  finish(): void;
}

/** What stands at a path of the host. */
export interface Looked {
  /** Without symbolic links. */
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  readonly directory: boolean;
  /** `f_type` of statfs(2); 0 where it cannot be told. */
  readonly fileSystem: number;
}

export interface Native {
  readonly abi: number;
  /** Feature bits of this kernel, probed once. */
  features(): number;

  /**
   * Checks a plan and keeps it with what surrounds its launch: the only thing that can be launched. Throws a TypeError for
   * what is no plan.
   */
  prepare(plan: Uint8Array, options: PrepareOptions): NativePrepared;
  /**
   * Clones and executes a prepared start. `token` is for `cancel`. Rejects only when no process could be made: a system
   * error of the list (`path`), of clone, fcntl, or of write with the `path` of an id map; or a TypeError. A plan with
   * `parent-death` ends with this environment (a Worker's, or the program).
   */
  launch(prepared: NativePrepared, options: LaunchOptions, token: object): Promise<LaunchResult>;
  /**
   * Makes the empty mount namespace that starts with an opener are cloned in, once for the program; rejects where the
   * program may not (EPERM), or where a thread could not come back to its root directory (EXDEV).
   */
  makeEmptyNamespace(): Promise<void>;
  /**
   * Makes a network namespace and executes a plan of `loopback` and `sysctl` operations in it; a descriptor that the
   * caller closes. Rejects with the errno of what was refused.
   */
  makeNetwork(prepared: NativePrepared, options: StartValues): Promise<number>;
  /**
   * Executes the `prepare` list of a plan with an opener: what fills its slots, in their order, which the caller closes.
   * Rejects with the errno of what was refused; nothing is left then. `paths`, with a NUL behind each, are looked up in
   * the first mount, so that the kernel knows the way there; what is missing is passed over. Not before the launch of the
   * token `after` is over, so that the two do not compete.
   */
  openMounts(
    prepared: NativePrepared,
    options: StartValues & { readonly paths: string; readonly after?: object | undefined },
  ): Promise<number[]>;
  /** Kills the child of a start that has not been settled yet, or keeps it from being made. */
  cancel(token: object): void;
  /** The program may end without the result of a start that has been cancelled and cannot be killed yet. */
  abandon(token: object): void;
  /**
   * What stands at a path of the host. Rejects with a system error of open(2) or fstat(2). On a file system that does not
   * answer it never settles, which keeps neither the event loop alive nor anything else waiting.
   */
  lookAt(path: string): Promise<Looked>;
  /**
   * Makes the socket of a new member, and hands over the plan by which it makes the container, with what its opener
   * makes as soon as that is there. `descriptor` is for orlop-init, which is launched next with it as its three standard
   * streams; it is the member's, until `memberReady` or `closeMember`. `paths`, with a NUL behind each, are looked up in
   * the union that is made, as by `openMounts`.
   */
  openMember(
    prepared: NativePrepared,
    options: StartValues & { readonly paths?: string | undefined },
  ): { member: NativeMember; descriptor: number };
  /** Resolves when the member has prepared its container, or has not. `process` is the orlop-init that was launched. */
  memberReady(member: NativeMember, process: NativeProcess): Promise<MemberAnswer>;
  /**
   * Hands a member that waits the plan that ends in the application, with what its opener makes; resolves when it has been
   * executed, or has not; rejects where it could not be handed over. Once for each member. Descriptors are for the
   * supplied slots but the last, which gets the member's mount namespace.
   */
  becomeApplication(
    member: NativeMember,
    prepared: NativePrepared,
    options: StartValues & Required<Pick<LaunchOptions, 'descriptors' | 'follow'>>,
  ): Promise<MemberAnswer>;
  /** Resolves when the member waits no longer: it is the application, or has ended. Keeps no event loop alive. */
  memberOver(member: NativeMember): Promise<void>;
  /** Lets go of a member: one that waits ends. */
  closeMember(member: NativeMember): void;

  /** Resolves when the process has ended and was reaped, before or after this call. Rejects (ECHILD) when something else took its status. */
  wait(process: NativeProcess): Promise<Exit>;
  /** Sends a signal through the pidfd; false when the process has ended. */
  kill(process: NativeProcess, signal: number): boolean;
  /** Sends a signal to a process that another program started, if its start time (clock ticks, /proc/PID/stat) still fits. */
  killOther(pid: number, startTime: string, signal: number): boolean;
  /** Resolves when a process that another program started has ended; false when it was not that process. */
  waitOther(pid: number, startTime: string): Promise<boolean>;

  /** A pipe, both ends close-on-exec. */
  pipe(): [read: number, write: number];
  /**
   * close(2), for descriptors that the addon gave: node:fs knows nothing of them, and warns in a Worker when it closes
   * what it has not opened. Off the JavaScript thread, because the last descriptor of a view unmounts it.
   */
  close(fd: number): Promise<void>;
  /** The same, at once: for what closes without waiting, as a pipe. */
  closeSync(fd: number): void;
  /**
   * Somebody else closes this descriptor: a stream, for example. One that the addon gave closes with the Worker that got
   * it, or the program, unless `close`, `closeSync` or this was called.
   */
  disown(fd: number): void;
  /**
   * Passes on what comes out of the pipe `from` to `to`, on a thread of its own, and closes `from`, which the addon gave,
   * at its end. `ended` rejects when nothing can be written any more.
   */
  relay(from: number, to: number): Relay;
  /** flock(2) without waiting; false when another holds it. */
  tryLock(fd: number, kind: 'shared' | 'exclusive'): boolean;
  /** Makes changes in their order, at once; throws at the first that fails, and makes none after it. */
  change(changes: readonly Change[]): void;
  /** The same, off the JavaScript thread. */
  changeLater(changes: readonly Change[]): Promise<void>;
  /** syncfs(2), off the JavaScript thread. */
  syncfs(fd: number): Promise<void>;
  /**
   * A detached, read-only overlay of layer directories (absolute paths), uppermost first: a directory descriptor that the
   * caller closes. A single layer is shown as it is.
   */
  openView(layers: readonly string[]): Promise<number>;
  /**
   * openat2 below `root` as if it were `/`, magic links refused (ELOOP). Flags as of open(2); O_CLOEXEC is added. Pass
   * O_NONBLOCK, or O_PATH, where the path may lead to a FIFO or a device.
   */
  openInRoot(root: number, path: string, flags: number, mode?: number): Promise<number>;
  /**
   * Removes `name` in the directory and all below it, never entering another mount (EXDEV, EBUSY), never following a
   * link. A missing `name` is fine.
   */
  removeTree(directory: number, name: string): Promise<void>;
  /**
   * Copies what is in `source` into the empty directory `destination`: owner, mode, times, xattrs, links, holes. The
   * destination itself gets the attributes of the source. When it rejects, what was copied is the caller's to remove.
   */
  copyTree(source: number, destination: number): Promise<void>;
  /**
   * What the upper directory changes against the view below it, sorted by path as bytes. Bytes of a name that are not
   * UTF-8 become U+FFFD: the paths are for people to read, not to open.
   */
  diff(upper: number, view: number): Promise<NativeChange[]>;
  /** Lengths of the files and number of entries below a directory (hard links once), other mounts left out. */
  treeSize(directory: number): Promise<{ bytes: number; entries: number }>;
  /** Tells ext4 to begin each subdirectory in another part of the disk; false where that is not known. */
  spreadSubdirectories(directory: number): boolean;
  /**
   * From now on what this interface does with trees and descriptors off the JavaScript thread is done on it, at once:
   * for a program that does nothing else meanwhile, and ends soon.
   */
  workAtOnce(): void;
  /** Feature bits that the functions on trees may use, all at first: with fewer they go the way of older kernels. */
  limitFeatures(features: number): void;
}
