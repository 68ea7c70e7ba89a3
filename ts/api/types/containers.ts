import type { RunOptions } from '../../request/types.ts';
import type { NewImage } from './images.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { ExitStatus, Running, StartOptions } from './starts.ts';

/** Where a container is in its life: made, its application runs, or that has ended. */
export type ContainerStatus = 'created' | 'running' | 'exited';

/** A mount as Docker's inspect shows it. */
export interface MountInfo {
  /** A volume of the store, a path of the host, or memory. */
  readonly Type: 'volume' | 'bind' | 'tmpfs';
  /** Name of the volume, or the 64 hexadecimal digits of an anonymous one; only with Type `volume`. */
  readonly Name?: string;
  /** Absolute path on the host. */
  readonly Source: string;
  /** Absolute path in the container: the target. */
  readonly Destination: string;
  /** `local`; only with Type `volume`. */
  readonly Driver?: string;
  /** Options that differ from the default ones, with commas: `ro,noexec`; empty without any. */
  readonly Mode: string;
  /** Whether it can be written. */
  readonly RW: boolean;
  /** `private` or `rprivate` for a bind mount, otherwise empty; mount_namespaces(7). */
  readonly Propagation: string;
}

/** A container in a list. */
export interface ContainerSummary {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The name that was asked for, or one that was made up. */
  readonly name: string;
  /** Reference as it was given, and ID (`sha256:…` or `host`). */
  readonly image: {
    /** Reference as it was given: `debian:trixie`. */
    readonly reference: string;
    /** `sha256:` and 64 hexadecimal digits, or `host`. */
    readonly id: string;
  };
  /** Entrypoint and command together. */
  readonly command: readonly string[];
  /** When it was made. */
  readonly created: Date;
  /** As of this call. */
  readonly status: ContainerStatus;
  /** 128 + n when signal n ended it; null unless exited, or when nobody saw the exit. */
  readonly exitCode: number | null;
  /** Process ID of the application as the host sees it; null unless running. */
  readonly pid: number | null;
  /** When the application last began; null when it never has. */
  readonly startedAt: Date | null;
  /** When it last ended; null when it never has. */
  readonly finishedAt: Date | null;
  /** Labels that were asked for. */
  readonly labels: Readonly<Record<string, string>>;
  /** Volumes and bind mounts, by target. */
  readonly mounts: readonly MountInfo[];
}

/** JSON in the shape of `docker inspect`. */
export interface ContainerInspect {
  /** 64 hexadecimal digits. */
  readonly Id: string;
  /** With a leading slash, as Docker's. */
  readonly Name: string;
  /** RFC 3339. */
  readonly Created: string;
  /** The program. */
  readonly Path: string;
  /** Its arguments. */
  readonly Args: readonly string[];
  /** The application's life. */
  readonly State: {
    /** Where it is in it. */
    readonly Status: ContainerStatus;
    /** Status is `running`. */
    readonly Running: boolean;
    /** Process ID as the host sees it; 0 unless running. */
    readonly Pid: number;
    /** 128 + n when signal n ended it; 0 unless exited. */
    readonly ExitCode: number;
    /** RFC 3339; `0001-01-01T00:00:00Z` when it never has. */
    readonly StartedAt: string;
    /** RFC 3339; `0001-01-01T00:00:00Z` when it never has. */
    readonly FinishedAt: string;
  };
  /** ID of the image: `sha256:…`, or `host`. */
  readonly Image: string;
  /** Volumes and bind mounts, by target. */
  readonly Mounts: readonly MountInfo[];
  /** What the application is: `Env`, `Cmd`, `User`, `WorkingDir`, `Labels` and so on. */
  readonly Config: Readonly<Record<string, unknown>>;
  /** What it may have of the host: `Binds`, `NetworkMode`, `CapAdd`, `Ulimits` and so on. */
  readonly HostConfig: Readonly<Record<string, unknown>>;
  /** What Docker has besides: `GraphDriver`, for example. */
  readonly [more: string]: unknown;
}

/** What a container's read-write layer makes different at a path. */
export interface Change {
  /** Added, changed, or deleted. */
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute path in the container. Bytes that are not UTF-8 become U+FFFD: it is to be read, not to be opened. */
  readonly path: string;
}

/** How a container is made. */
export interface CreateOptions extends RunOptions {
  /**
   * Keep the record on disk, so that another program can start the container. Default: unless `rm`; one that is to be
   * removed at its end belongs to the program that made it, and goes with it.
   */
  readonly durable?: boolean | undefined;
}

/** What an image of a container says about itself. */
export interface CommitOptions {
  /** Who made it: `Jane Doe <jane@example.org>`. */
  readonly author?: string | undefined;
  /** A line for its history. */
  readonly message?: string | undefined;
  /** Instructions of a Dockerfile: `CMD ["sh"]`, `ENV A=b`, `WORKDIR /x`. */
  readonly changes?: readonly string[] | undefined;
  /** Pause a running container meanwhile; default true. */
  readonly pause?: boolean | undefined;
}

/** What goes with a container. */
export interface RemoveOptions {
  /** Kill it when it runs; default false. */
  readonly force?: boolean | undefined;
  /** Remove its anonymous volumes as well; default false. */
  readonly volumes?: boolean | undefined;
}

/**
 * A container of the store, running or not. It is read anew for each call, because other programs work on the same store;
 * where it was removed, every call but `wait` throws RequestError ORLOP_E_NO_CONTAINER.
 *
 * @example
 * const container = await orlop.create('busybox', ['sh', '-c', 'echo hi > /made']);
 * const { exitCode } = await (await container.start()).exited;
 * console.log(exitCode, await container.diff()); // → 0 [ { kind: 'A', path: '/made' } ]
 * await container.remove({ volumes: true });
 */
export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The name that was asked for, or one that was made up. */
  readonly name: string;
  /**
   * Starts the application: a first time, or again after it has ended. Resolves when it has been executed.
   *
   * @throws RequestError ORLOP_E_CONTAINER_RUNNING when it runs; ORLOP_E_SOURCE, ORLOP_E_NO_IMAGE or ORLOP_E_NO_VOLUME
   * when something that it needs is gone; ORLOP_E_ABORTED
   * @throws LaunchError when the kernel refused
   */
  start(options?: StartOptions): Promise<Running>;
  /**
   * Waits for the end of the application, whoever started it. The status is 255 when nobody saw the end.
   *
   * @throws RequestError ORLOP_E_INPUT when it was never started
   */
  wait(): Promise<ExitStatus>;
  /**
   * Sends a signal to the application, SIGKILL by default. PID 1 gets no signal that it does not handle, except SIGKILL
   * and SIGSTOP: pid_namespaces(7).
   *
   * @throws RequestError ORLOP_E_INPUT when it does not run, or there is no such signal
   */
  kill(signal?: NodeJS.Signals | number): Promise<void>;
  /**
   * Removes the container and its read-write layer.
   *
   * @throws RequestError ORLOP_E_CONTAINER_RUNNING when it runs, without `force`
   */
  remove(options?: RemoveOptions): Promise<void>;
  /** The container as a list has it. */
  summary(): Promise<ContainerSummary>;
  /** The container as `docker inspect` has it. */
  inspect(): Promise<ContainerInspect>;
  /** What its read-write layer changes against its image, by path. What is in volumes is not part of it. */
  diff(): Promise<readonly Change[]>;
  /**
   * Makes an image of the container's image and its read-write layer. What is in volumes is not part of it; their mount
   * points are. What the container was made with is the configuration of the image.
   *
   * The image is on the disk then, as an archive; the first container that is made of it waits until that is unpacked.
   *
   * @param reference name of the new image, or null
   * @throws RequestError ORLOP_E_REFERENCE, ORLOP_E_INPUT for `changes` and for a container of the image `host`
   * @example
   * await orlop.run('busybox', ['touch', '/added'], { name: 'base', rm: false });
   * await (await orlop.container('base')).commit('added:1', { changes: ['CMD ["ls", "/added"]'] });
   * console.log((await orlop.run('added:1')).stdout.trim()); // → /added
   */
  commit(reference: string | null, options?: CommitOptions): Promise<NewImage>;
  /**
   * Writes the root filesystem as a tar archive, without what is in volumes.
   *
   * @param descriptor of a file, pipe or socket that is open for writing; it stays open
   */
  export(descriptor: number): Promise<void>;
}

/** The containers of a store. */
export interface Containers {
  /**
   * Running ones; with `all`, every one. Newest first.
   *
   * @example
   * const { items } = await orlop.containers.list({ all: true, filter: ({ labels }) => labels.job === '7' });
   */
  list(
    options?: ListOptions<ContainerSummary> & {
      /** Those that do not run as well. */
      readonly all?: boolean | undefined;
    },
  ): Promise<Listing<ContainerSummary>>;
  /**
   * Removes one, by ID, name, or unique beginning of an ID; with `force` also one whose record is damaged, by its ID.
   *
   * @throws RequestError ORLOP_E_NO_CONTAINER; ORLOP_E_CONTAINER_RUNNING without `force`; ORLOP_E_DAMAGED without `force`
   */
  remove(idOrName: string, options?: RemoveOptions): Promise<void>;
}
