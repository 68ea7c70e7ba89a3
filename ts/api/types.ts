import type { Readable, Writable } from 'node:stream';
import type { Plan } from '../plan/types.ts';
import type { RunOptions } from '../request/types.ts';

export interface OpenOptions {
  /** Directory of the store; default ORLOP_ROOT, or /var/lib/orlop, or $XDG_DATA_HOME/orlop. */
  readonly root?: string | undefined;
  /** Directory of what a reboot may lose; default below /run or $XDG_RUNTIME_DIR. */
  readonly run?: string | undefined;
}

/** Objects of the store, and the records that could not be read: one damaged file costs that object only. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly damaged: readonly { readonly path: string; readonly message: string }[];
}

export interface ListOptions<Item> {
  readonly filter?: ((item: Item) => boolean) | undefined;
}

// ---- containers ----

export type ContainerStatus = 'created' | 'running' | 'exited';

/** A mount as Docker's inspect shows it. */
export interface MountInfo {
  readonly Type: 'volume' | 'bind' | 'tmpfs';
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

export interface ContainerSummary {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Reference as it was given, and ID (`sha256:…` or `host`). */
  readonly image: { readonly reference: string; readonly id: string };
  /** Entrypoint and command together. */
  readonly command: readonly string[];
  readonly created: Date;
  readonly status: ContainerStatus;
  /** 128 + n when signal n ended it; null unless exited, or when nobody saw the exit. */
  readonly exitCode: number | null;
  readonly pid: number | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly MountInfo[];
}

/** JSON in the shape of `docker inspect`. */
export interface ContainerInspect {
  readonly Id: string;
  /** With a leading slash, as Docker's. */
  readonly Name: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: {
    readonly Status: ContainerStatus;
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Image: string;
  readonly Mounts: readonly MountInfo[];
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

export interface Change {
  readonly kind: 'A' | 'C' | 'D';
  readonly path: string;
}

/**
 * Where a standard stream leads: that of the caller, a pipe, /dev/null, or a descriptor (which the caller closes).
 *
 * Root in a container can do more with a descriptor than the caller may have meant: it can open the file again for
 * reading and writing, and change its mode and owner; of a terminal it can read what is typed. Give a pipe to what is
 * not trusted.
 */
export type Stdio = 'inherit' | 'pipe' | 'ignore' | number;

export interface StartOptions {
  /** Default 'ignore'. */
  readonly stdin?: Stdio | undefined;
  /** Default 'pipe'. */
  readonly stdout?: Stdio | undefined;
  /** Default 'pipe'. 'stdout': the same as stdout, so that what is written to both keeps its order. */
  readonly stderr?: Stdio | 'stdout' | undefined;
  /** Ends the start, or the running container with SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the container is killed. */
  readonly timeout?: number | undefined;
}

export interface ExitStatus {
  /** Exit status of the application; 128 + n when signal n ended it. */
  readonly exitCode: number;
  /** `SIGKILL`, or null. */
  readonly signal: NodeJS.Signals | null;
}

/** Time of one operation of the plan, microseconds since the call. */
export interface OperationTime {
  readonly step: string;
  readonly reason: string;
  readonly startUs: number;
  readonly durationUs: number;
}

export interface Timings {
  /** Microseconds from the call to the clone, and to the application's first instruction. */
  readonly clonedUs: number;
  readonly startedUs: number;
  readonly operations: readonly OperationTime[];
}

export interface Running {
  readonly pid: number;
  /** Resolves when the application has ended and the end is recorded; with `rm`, when all is removed. */
  readonly exited: Promise<ExitStatus>;
  /** False when it has ended already. */
  kill(signal?: NodeJS.Signals | number): boolean;
  readonly timings: Timings;
  /** Chrome trace events of the start, to be written as JSON. */
  trace(): unknown;
  /** null unless 'pipe'. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export interface CreateOptions extends RunOptions {
  /**
   * Keep the record on disk, so that another program can start the container. Default: unless `rm`; one that is to be
   * removed at its end belongs to the program that made it, and goes with it.
   */
  readonly durable?: boolean | undefined;
}

export interface CommitOptions {
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** Instructions: `CMD ["sh"]`, `ENV A=b`, `WORKDIR /x`. */
  readonly changes?: readonly string[] | undefined;
  /** Pause a running container meanwhile; default true. */
  readonly pause?: boolean | undefined;
}

export interface RemoveOptions {
  /** Kill it when it runs. */
  readonly force?: boolean | undefined;
  /** Remove its anonymous volumes as well. */
  readonly volumes?: boolean | undefined;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  start(options?: StartOptions): Promise<Running>;
  /** Waits for the end of a container, whoever started it. */
  wait(): Promise<ExitStatus>;
  kill(signal?: NodeJS.Signals | number): Promise<void>;
  remove(options?: RemoveOptions): Promise<void>;
  summary(): Promise<ContainerSummary>;
  inspect(): Promise<ContainerInspect>;
  diff(): Promise<readonly Change[]>;
  commit(reference: string | null, options?: CommitOptions): Promise<{ readonly id: string }>;
  /** Writes the root filesystem as a tar archive, without what is in volumes. */
  export(descriptor: number): Promise<void>;
}

export interface Containers {
  /** Running ones; with `all`, every one. Newest first. */
  list(
    options?: ListOptions<ContainerSummary> & { readonly all?: boolean | undefined },
  ): Promise<Listing<ContainerSummary>>;
  /** By ID, name, or unique beginning of an ID; with `force` also one whose record is damaged, by its ID. */
  remove(idOrName: string, options?: RemoveOptions): Promise<void>;
}

export interface RunResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
  readonly timings: Timings;
  readonly container: { readonly id: string; readonly name: string };
}

export interface RunInput extends Pick<StartOptions, 'signal' | 'timeout'> {
  /** What the application reads; nothing by default. */
  readonly input?: string | Uint8Array | undefined;
  /** Bytes that stdout and stderr may each hold; default 16 MiB. */
  readonly maxBuffer?: number | undefined;
}

// ---- pools ----

/** What a request to a pool may ask for itself; all else was fixed when its members were made. */
export interface PoolRequest extends Pick<RunOptions, 'env' | 'user' | 'workdir' | 'volumes'> {}

/** `size`, and what all its members have; a request adds to it. */
export interface PoolOptions extends Omit<RunOptions, 'name' | 'rm'> {
  /** Members that wait, 1 to 1000. Each costs a process that sleeps, its mounts, and a read-write layer. */
  readonly size: number;
}

export interface PoolStats {
  readonly size: number;
  /** Members that wait for an application. */
  readonly ready: number;
  readonly making: number;
  /** Requests that wait for a member. */
  readonly waiting: number;
  readonly running: number;
  /** Applications that were started, ever. */
  readonly started: number;
}

/**
 * Containers that are made ahead: cloned, mounted, and waiting for their application. A request brings command,
 * environment, user, working directory, volumes and streams. Each member runs one application and is removed with it;
 * the pool fills itself up again in the background. It keeps no program alive, and goes with it.
 */
export interface Pool extends AsyncDisposable {
  readonly image: string;
  readonly stats: PoolStats;
  /** As `Orlop.run`. */
  run(argv?: readonly string[], options?: PoolRequest & RunInput): Promise<RunResult>;
  /** As `Container.start`; the container is removed with the application's end. */
  start(argv?: readonly string[], options?: PoolRequest & StartOptions): Promise<Running>;
  /** Removes the members that wait; requests that wait for one are refused (ORLOP_E_CLOSED). Applications go on. */
  close(): Promise<void>;
}

// ---- images ----

export interface ImageSummary {
  /** `sha256:…`. */
  readonly id: string;
  /** Familiar form, `debian:trixie`; empty for an image without a name. */
  readonly references: readonly string[];
  readonly created: Date | null;
  /** Bytes of its unpacked layers. */
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** JSON in the shape of `docker image inspect`. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly Created: string;
  readonly Size: number;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly RootFS: { readonly Type: 'layers'; readonly Layers: readonly string[] };
  readonly [more: string]: unknown;
}

export interface ImportOptions {
  /** Name of the new image, or null. */
  readonly reference: string | null;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type ArchiveFormat = 'docker-archive' | 'oci-archive';

export interface Images {
  list(options?: ListOptions<ImageSummary>): Promise<Listing<ImageSummary>>;
  inspect(nameOrId: string): Promise<ImageInspect>;
  /** Reads a tar archive (plain, gzip or zstd) from a path or a descriptor. */
  import(source: string | number, options: ImportOptions): Promise<{ readonly id: string }>;
  /** What was done, in order, as `docker rmi` prints it. */
  remove(
    nameOrId: string,
    options?: { readonly force?: boolean | undefined },
  ): Promise<{ readonly untagged: readonly string[]; readonly deleted: readonly string[] }>;
  tag(nameOrId: string, reference: string): Promise<void>;
  save(
    references: readonly string[],
    options: { readonly descriptor: number; readonly format?: ArchiveFormat | undefined },
  ): Promise<void>;
  load(source: string | number): Promise<readonly { readonly id: string; readonly references: readonly string[] }[]>;
}

// ---- volumes ----

export interface VolumeSummary {
  /** 64 hexadecimal digits for an anonymous one. */
  readonly name: string;
  readonly driver: 'local';
  readonly anonymous: boolean;
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  /** IDs of the containers that use it. */
  readonly usedBy: readonly string[];
}

/** JSON in the shape of `docker volume inspect`. */
export interface VolumeInspect {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: 'local';
  readonly CreatedAt: string;
  readonly [more: string]: unknown;
}

export interface Volumes {
  /** An existing volume with the same labels is returned as it is. Without a name: an anonymous one. */
  create(
    name: string | null,
    options?: { readonly labels?: Readonly<Record<string, string>> | undefined },
  ): Promise<VolumeSummary>;
  list(options?: ListOptions<VolumeSummary>): Promise<Listing<VolumeSummary>>;
  inspect(name: string): Promise<VolumeInspect>;
  remove(name: string): Promise<void>;
  /** Removes unused anonymous volumes; with `all`, named ones too. */
  prune(
    options?: ListOptions<VolumeSummary> & { readonly all?: boolean | undefined },
  ): Promise<{ readonly removed: readonly string[]; readonly reclaimed: number }>;
}

// ---- the whole ----

export interface PlanResult {
  readonly plan: Plan;
  /** For people: numbered operations. */
  readonly text: string;
}

/** What `Orlop.open` resolves to. */
export interface OrlopRuntime extends AsyncDisposable {
  readonly root: string;
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  /** Runs a command to its end and collects its output. */
  run(image: string, argv?: readonly string[], options?: RunOptions & RunInput): Promise<RunResult>;
  create(image: string, argv?: readonly string[], options?: CreateOptions): Promise<Container>;
  /** Opens a pool of containers of an image; resolves when all its members wait. */
  pool(image: string, options: PoolOptions): Promise<Pool>;
  /** By ID, unique beginning of an ID, or name. */
  container(idOrName: string): Promise<Container>;
  /** What `run` would do. Creates nothing. */
  plan(image: string, argv?: readonly string[], options?: RunOptions): Promise<PlanResult>;
  close(): Promise<void>;
}
