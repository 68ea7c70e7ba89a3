import type { Limits } from '../../request/limits.ts';
import type { NetworkMode, RunOptions } from '../../request/types.ts';
import type { Executing } from './execs.ts';
import type { NewImage, OnProgress } from './images.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { Ended, ExitStatus, Running, StartOptions } from './starts.ts';

/** State of a container: never started, its application runs, or its application has exited. */
export type ContainerStatus = 'created' | 'running' | 'exited';

/** A mount in Docker's `inspect` format. */
export interface MountInfo {
  /** `volume`: a volume of the store; `bind`: a path of the host; `tmpfs`: memory. */
  readonly Type: 'volume' | 'bind' | 'tmpfs';
  /** Name of the volume, or the 64 hexadecimal digits of an anonymous one; only with Type `volume`. */
  readonly Name?: string;
  /** Absolute path on the host. */
  readonly Source: string;
  /** Absolute path in the container: the target. */
  readonly Destination: string;
  /** `local`; only with Type `volume`. */
  readonly Driver?: string;
  /** Options that differ from the default options, joined with commas: `ro,noexec`; empty if there are none. */
  readonly Mode: string;
  /** True if the mount is writable. */
  readonly RW: boolean;
  /** `private` or `rprivate` for a bind mount, otherwise empty; mount_namespaces(7). */
  readonly Propagation: string;
}

/** A container in a list. */
export interface ContainerSummary {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The requested name, or a generated one. */
  readonly name: string;
  /** Reference and ID of the image. */
  readonly image: {
    /** Reference as the request gave it: `debian:trixie`. */
    readonly reference: string;
    /** `sha256:` and 64 hexadecimal digits, or `host`. */
    readonly id: string;
  };
  /** Arguments of the application: entrypoint, then command. */
  readonly command: readonly string[];
  /** Time of creation. */
  readonly created: Date;
  /** State at the time of this call. */
  readonly status: ContainerStatus;
  /** 0 to 255, 128 + n after signal n, 255 if no process observed the exit; null unless exited. */
  readonly exitCode: number | null;
  /** Process ID of the application as the host sees it; null unless running. */
  readonly pid: number | null;
  /** Time of the last start; null if never started. */
  readonly startedAt: Date | null;
  /** Time of the last exit; null if there was none. */
  readonly finishedAt: Date | null;
  /** Labels of the request. */
  readonly labels: Readonly<Record<string, string>>;
  /** Volumes and bind mounts, sorted by target. */
  readonly mounts: readonly MountInfo[];
  /** Its network: `none`, only a loopback interface, or `host`. */
  readonly network: NetworkMode;
  /** What it takes on the disk, with `list({ size: true })`. */
  readonly size?: {
    /** Bytes of the read-write layer. */
    readonly layer: number;
    /** Bytes of the image, as in `images.list`. */
    readonly image: number;
  };
  /** What it may take from the machine, as far as the request says; sizes in bytes, times in milliseconds. */
  readonly limits: Limits;
}

/** JSON in the format of `docker inspect`. */
export interface ContainerInspect {
  /** 64 hexadecimal digits. */
  readonly Id: string;
  /** Name with a leading slash, as in Docker. */
  readonly Name: string;
  /** Time of creation, RFC 3339. */
  readonly Created: string;
  /** The program. */
  readonly Path: string;
  /** The arguments of the program. */
  readonly Args: readonly string[];
  /** State of the application. */
  readonly State: {
    /** State of the container. */
    readonly Status: ContainerStatus;
    /** True if Status is `running`. */
    readonly Running: boolean;
    /** Process ID as the host sees it; 0 unless running. */
    readonly Pid: number;
    /** 0 to 255, 128 + n after signal n, 255 if no process observed the exit; 0 unless exited. */
    readonly ExitCode: number;
    /** Time of the last start, RFC 3339; `0001-01-01T00:00:00Z` if never started. */
    readonly StartedAt: string;
    /** Time of the last exit, RFC 3339; `0001-01-01T00:00:00Z` if there was none. */
    readonly FinishedAt: string;
    /** Docker's states that no container is ever in: `Paused`, `Restarting`, `Dead`, `OOMKilled`; and `Error`, empty. */
    readonly [more: string]: unknown;
  };
  /** ID of the image: `sha256:…`, or `host`. */
  readonly Image: string;
  /** Volumes and bind mounts, sorted by target. */
  readonly Mounts: readonly MountInfo[];
  /** The bounding set, as in Podman: capabilities that processes can have. Null in a record of an older version. */
  readonly BoundingCaps: readonly string[] | null;
  /** The capabilities of the application when it begins: none but for root. Null as `BoundingCaps`. */
  readonly EffectiveCaps: readonly string[] | null;
  /** Configuration of the application: `Env`, `Cmd`, `User`, `WorkingDir`, `Labels` and so on. */
  readonly Config: Readonly<Record<string, unknown>>;
  /** Access to the host, and limits: `Binds`, `NetworkMode`, `CapAdd`, `Devices`, `Ulimits` and so on. */
  readonly HostConfig: Readonly<Record<string, unknown>>;
  /** Other fields of Docker's format: `GraphDriver`, for example. */
  readonly [more: string]: unknown;
}

/** A difference between a container's root filesystem and its image. */
export interface Change {
  /** `A`: added, `C`: changed, `D`: deleted. */
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute path in the container. Invalid UTF-8 becomes U+FFFD: for display, not for opening. */
  readonly path: string;
}

/** Options of `create`. */
export interface CreateOptions extends RunOptions {
  /**
   * Keep the record on disk, so that other programs can start the container. Default: true unless `rm` is set; a
   * container with `rm` belongs to the program that made it and is removed with it.
   */
  readonly durable?: boolean | undefined;
}

/** Options of `commit`. */
export interface CommitOptions {
  /** Author of the image: `Jane Doe <jane@example.org>`. */
  readonly author?: string | undefined;
  /** Comment in the image's history. */
  readonly message?: string | undefined;
  /** Dockerfile instructions to apply: `CMD ["sh"]`, `ENV A=b`, `WORKDIR /x`. */
  readonly changes?: readonly string[] | undefined;
  /** Pause a running container during the commit; default true. */
  readonly pause?: boolean | undefined;
  /** Called while the layer is packed. */
  readonly onProgress?: OnProgress | undefined;
  /** Aborts the commit; nothing of the image is kept, and the container goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `stop`. */
export interface StopOptions {
  /** Signal by name or number, instead of the container's own. */
  readonly signal?: NodeJS.Signals | number | undefined;
  /** Seconds until SIGKILL, -1 for never; default: the container's own, or 10. */
  readonly timeout?: number | undefined;
}

/** A process of a container, as the host sees it; proc_pid_stat(5). */
export interface ContainerProcess {
  /** Process ID in the caller's PID namespace. */
  readonly pid: number;
  /** Process ID of the parent. */
  readonly parent: number;
  /** User ID on the host. */
  readonly uid: number;
  /** One letter: `R` runs, `S` and `D` wait, `T` is stopped, `Z` has exited. */
  readonly state: string;
  /** Milliseconds of processors that it has used. */
  readonly cpuMs: number;
  /** Time of its start. */
  readonly startedAt: Date;
  /** Controlling terminal, `pts/0`; null without one. */
  readonly terminal: string | null;
  /** Arguments; the name of the program alone, if it has none. */
  readonly command: readonly string[];
}

/** Options of `remove`. */
export interface RemoveOptions {
  /** Kill a running container; default false. */
  readonly force?: boolean | undefined;
  /** Also remove its anonymous volumes; default false. */
  readonly volumes?: boolean | undefined;
}

/**
 * A container of the store, running or not. Each call reads the record anew, because other programs work on the same
 * store. Once the container is removed, every call but `wait` throws RequestError ORLOP_E_NO_CONTAINER.
 *
 * @example
 * const container = await orlop.create('busybox', ['sh', '-c', 'echo hi > /made']);
 * const { exitCode } = await (await container.start()).exited;
 * console.log(exitCode, await container.diff()); // → 0 [ { kind: 'A', path: '/made' } ]
 * await container.remove({ volumes: true });
 */
export interface Container extends AsyncDisposable, Executing {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The requested name, or a generated one. */
  readonly name: string;
  /**
   * Starts the application for the first time, or again after its exit. Resolves once the application is executed.
   *
   * @throws RequestError ORLOP_E_CONTAINER_RUNNING if it runs; ORLOP_E_SOURCE, ORLOP_E_NO_IMAGE or ORLOP_E_NO_VOLUME if
   * a source, the image or a volume is gone; ORLOP_E_ABORTED
   * @throws LaunchError if the kernel refused
   */
  start(options?: StartOptions): Promise<Running>;
  /**
   * Waits for the exit of the application, also if another program started it. `exitCode` is 255 if no process observed
   * the exit. With `usage` if this container object started the application.
   *
   * @throws RequestError ORLOP_E_INPUT if it was never started
   */
  wait(): Promise<ExitStatus | Ended>;
  /**
   * Sends a signal to the application, SIGKILL by default. The kernel delivers only signals that PID 1 handles, and
   * SIGKILL and SIGSTOP: pid_namespaces(7).
   *
   * @throws RequestError ORLOP_E_INPUT if the container does not run, or there is no such signal
   */
  kill(signal?: NodeJS.Signals | number): Promise<void>;
  /**
   * Sends the container's stop signal, and SIGKILL if the application has not exited in time. Returns once its exit is
   * recorded. Does nothing if the container does not run.
   *
   * @throws RequestError ORLOP_E_INPUT if there is no such signal
   * @example
   * const container = await orlop.create('busybox', ['sleep', '1000']);
   * const running = await container.start();
   * await container.stop({ timeout: 0 });
   * console.log((await running.exited).exitCode); // → 137
   * await container.remove();
   */
  stop(options?: StopOptions): Promise<void>;
  /**
   * Gives the container another name. This object keeps the one that it had.
   *
   * @throws RequestError ORLOP_E_CONTAINER_NAME if another container has it; ORLOP_E_INPUT if it is no name, and for a
   * container that waits in a pool
   */
  rename(name: string): Promise<void>;
  /** The processes of the container as the host sees them, the application first; none if it does not run. */
  top(): Promise<readonly ContainerProcess[]>;
  /**
   * Removes the container and its read-write layer.
   *
   * @throws RequestError ORLOP_E_CONTAINER_RUNNING if it runs and `force` is not set
   */
  remove(options?: RemoveOptions): Promise<void>;
  /** The entry of the container in `list`. */
  summary(): Promise<ContainerSummary>;
  /** The container in Docker's `inspect` format. */
  inspect(): Promise<ContainerInspect>;
  /** Differences between the read-write layer and the image, sorted by path. Content of volumes is not included. */
  diff(): Promise<readonly Change[]>;
  /**
   * Makes an image from the container's image and read-write layer. Content of volumes is not included, their mount
   * points are. The image's configuration comes from the container.
   *
   * The image is then on disk as an archive. The first container that uses the image waits until its layer is unpacked.
   *
   * @param reference name of the new image, or null
   * @throws RequestError ORLOP_E_REFERENCE; ORLOP_E_INPUT for `changes`, and for a container of the image `host`
   * @example
   * await orlop.run('busybox', ['touch', '/added'], { name: 'base', rm: false });
   * await (await orlop.container('base')).commit('added:1', { changes: ['CMD ["ls", "/added"]'] });
   * console.log((await orlop.run('added:1')).stdout.trim()); // → /added
   */
  commit(reference: string | null, options?: CommitOptions): Promise<NewImage>;
  /**
   * Writes the root filesystem as a tar archive. Content of volumes is not included.
   *
   * @param descriptor file, pipe or socket that is open for writing; it stays open
   */
  export(descriptor: number): Promise<void>;
  /** Kills and removes the container with its anonymous volumes, if it is still there: the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Containers of a store. */
export interface Containers {
  /**
   * Lists running containers, newest first; all containers with `all`.
   *
   * @example
   * const { items } = await orlop.containers.list({ all: true, filter: ({ labels }) => labels.job === '7' });
   */
  list(
    options?: ListOptions<ContainerSummary> & {
      /** Include containers that do not run; default false. */
      readonly all?: boolean | undefined;
      /** Measure the read-write layer of each container, by reading its directories; default false. */
      readonly size?: boolean | undefined;
    },
  ): Promise<Listing<ContainerSummary>>;
  /**
   * Removes a container by ID, name, or unique prefix of an ID. `force` also removes a container with a damaged record,
   * by its ID.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER; ORLOP_E_CONTAINER_RUNNING or ORLOP_E_DAMAGED if `force` is not set
   */
  remove(idOrName: string, options?: RemoveOptions): Promise<void>;
  /**
   * Removes the containers that do not run. Their anonymous volumes stay, as in Docker: `volumes.prune` removes those.
   *
   * @example
   * await orlop.containers.prune({ filter: ({ labels }) => labels.job === '7' });
   */
  prune(options?: ListOptions<ContainerSummary>): Promise<{
    /** IDs of the removed containers. */
    readonly removed: readonly string[];
    /** Size of their read-write layers in bytes. */
    readonly reclaimed: number;
  }>;
}
