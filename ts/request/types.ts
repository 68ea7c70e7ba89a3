import type { CapabilityName } from '../linux/capabilities.ts';
import type { RlimitName } from '../linux/rlimits.ts';

/**
 * How mount events travel between a bind mount and its source, mount_namespaces(7). `slave`, `shared` and their recursive
 * forms come with a later version.
 */
export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

/** A volume of the store at a target: named, or anonymous where `name` is null. */
export interface VolumeMount {
  readonly type: 'volume';
  readonly name: string | null;
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Bits of `attribute` that are set. */
  readonly attributes: number;
  /** Leave a new volume empty instead of filling it with what the image has at the target. */
  readonly nocopy: boolean;
}

/** A directory or file of the host at a target. */
export interface BindMount {
  readonly type: 'bind';
  /** Absolute, cleaned path on the host. */
  readonly source: string;
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Bits of `attribute` that are set, besides those that the source's mount has. */
  readonly attributes: number;
  /** Take the mounts below the source along. */
  readonly recursive: boolean;
  /** The other modes come later. */
  readonly propagation: 'private' | 'rprivate';
}

/** A new file system in memory at a target. */
export interface TmpfsSpec {
  readonly type: 'tmpfs';
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Bits of `attribute` that are set. */
  readonly attributes: number;
  /** Bytes; null leaves the kernel's default, half of the memory. */
  readonly size: number | null;
  /** Number of inodes; null leaves the kernel's default. */
  readonly inodes: number | null;
  /** Mode of the root directory; null leaves 0o1777. */
  readonly mode: number | null;
  readonly uid: number;
  readonly gid: number;
}

export type MountSpec = VolumeMount | BindMount;

/** An environment variable; null removes the one that the image has. */
export interface EnvEntry {
  readonly name: string;
  readonly value: string | null;
}

/** A resource limit, getrlimit(2). */
export interface Ulimit {
  /** Name without RLIMIT_ in lower case: `nofile`. */
  readonly name: RlimitName;
  /** -1 is unlimited. */
  readonly soft: number;
  /** -1 is unlimited. */
  readonly hard: number;
}

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** The default profile, none, or a file in Docker's format (absolute path). */
  readonly seccomp: 'default' | 'unconfined' | { readonly path: string };
}

/** `ALL`, or names in the kernel's form: `CAP_CHOWN`. */
export interface CapabilityChanges {
  readonly add: readonly (CapabilityName | 'ALL')[];
  readonly drop: readonly (CapabilityName | 'ALL')[];
}

/** A network namespace of its own with nothing but a loopback interface, or that of the host; network_namespaces(7). */
export type NetworkMode = 'none' | 'host';

/**
 * What the caller asks for: parsed, checked, and independent of images, volumes and the kernel. Plain data: survives
 * JSON, and is recorded with the container.
 */
export interface RunRequest {
  /** Image reference, ID, or `host`. */
  readonly image: string;
  /** Empty: the command of the image. */
  readonly argv: readonly string[];
  /** null: one is made up. */
  readonly name: string | null;
  /** Remove the container and its anonymous volumes when it has ended. */
  readonly rm: boolean;
  /** Volumes and binds, as given, duplicates removed; their targets and those of `tmpfs` differ. */
  readonly mounts: readonly MountSpec[];
  readonly tmpfs: readonly TmpfsSpec[];
  /** Later ones win; each name once. */
  readonly env: readonly EnvEntry[];
  /** Absolute; null: that of the image, or `/`. */
  readonly workdir: string | null;
  /** `user[:group]`, names or numbers; null: that of the image, or root. */
  readonly user: string | null;
  /** null: the first twelve digits of the container's ID. */
  readonly hostname: string | null;
  /** null: that of the image. Empty: none. */
  readonly entrypoint: readonly string[] | null;
  readonly readOnly: boolean;
  readonly capabilities: CapabilityChanges;
  readonly security: SecurityOptions;
  readonly ulimits: readonly Ulimit[];
  readonly network: NetworkMode;
  /** Keep standard input open; otherwise it is /dev/null. */
  readonly interactive: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm. */
  readonly shmSize: number;
}

/** What a parser may know of the world. */
export interface RequestContext {
  /** Absolute path that relative sources start from. */
  readonly cwd: string;
  /** Where variables without a value are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Release of the kernel, uname(2): `6.12.1-amd64`. */
  kernel(): string;
}

/**
 * A container as the library's caller describes it. Strings have the form of the command line.
 *
 * @example
 * const options = { volumes: ['data:/test', '/etc/hostname:/h:ro'], env: { A: 'b' }, user: '1000:1000', readOnly: true };
 * const { stdout } = await orlop.run('host', ['sh', '-c', 'id -u; echo $A'], options);
 * console.log(stdout.split('\n')); // → [ '1000', 'b', '' ]
 */
export interface RunOptions {
  /** Letters, digits, `_`, `.` and `-`, unique among containers; one is made up by default. */
  readonly name?: string | undefined;
  /** Remove the container and its anonymous volumes when it has ended; default true for `run`, false for `create`. */
  readonly rm?: boolean | undefined;
  /** `/test`, `name:/test`, `/host:/test:ro`, `./relative:/test`, or an object. */
  readonly volumes?: readonly (string | VolumeInput)[] | undefined;
  /** `/run`, `/run:size=64m,mode=755`, or an object. */
  readonly tmpfs?: readonly (string | TmpfsInput)[] | undefined;
  /** `A=b`, `A` (taken from the environment), or an object: null removes a variable of the image. */
  readonly env?: readonly string[] | Readonly<Record<string, string | null>> | undefined;
  /** Working directory, an absolute path, made where it is missing; default that of the image, or `/`. */
  readonly workdir?: string | undefined;
  /** `user[:group]`, names of the image or numbers; default that of the image, or root. */
  readonly user?: string | undefined;
  /** At most 64 bytes; default the first twelve digits of the container's ID. */
  readonly hostname?: string | undefined;
  /** One program, or a program with arguments; empty means none. */
  readonly entrypoint?: string | readonly string[] | undefined;
  /** Mount the root filesystem read-only; volumes and tmpfs are not affected. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Capabilities on top of the default eleven, `NET_ADMIN` or `ALL`; capabilities(7). */
  readonly capAdd?: readonly string[] | undefined;
  /** Capabilities to be taken away, `CHOWN` or `ALL`; capabilities(7). */
  readonly capDrop?: readonly string[] | undefined;
  /** `no-new-privileges=false`, `seccomp=unconfined`, `seccomp=FILE`. */
  readonly securityOpt?: readonly string[] | undefined;
  /** Soft and hard limit, `nofile=1024:2048`; getrlimit(2). */
  readonly ulimits?: readonly string[] | undefined;
  /** `none`, the default: a loopback interface only; or `host`. */
  readonly network?: string | undefined;
  /** Recorded as Docker does; of what stdin is, `start` decides. Default false. */
  readonly interactive?: boolean | undefined;
  /** `k=v`, or an object. */
  readonly labels?: readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Of /dev/shm, in bytes, or a size: `64m`, the default. */
  readonly shmSize?: number | string | undefined;
}

/** A volume or bind mount, for what has a colon in its name, or more to say than a string can. */
export interface VolumeInput {
  /** Name of a volume, or a host path when it starts with `/` or `.`; none: a new anonymous volume. */
  readonly source?: string | undefined;
  /** Absolute path in the container, made where it is missing. */
  readonly target: string;
  /** Default false. */
  readonly readonly?: boolean | undefined;
  /** Leave a new volume empty instead of filling it with what the image has at the target; default false. */
  readonly nocopy?: boolean | undefined;
  /** Take the mounts below a source on the host along; default true. */
  readonly recursive?: boolean | undefined;
  /** Of a source on the host; default `rprivate`. */
  readonly propagation?: Propagation | undefined;
  /** More options, as they are written after the target on a command line: `noexec`, `nosymfollow`. */
  readonly options?: readonly string[] | undefined;
}

/** A new file system in memory, nosuid and nodev unless its options say otherwise, tmpfs(5). */
export interface TmpfsInput {
  /** Absolute path in the container, made where it is missing. */
  readonly target: string;
  /** Bytes, or a size: `64m`; default half of the memory. */
  readonly size?: number | string | undefined;
  /** Mode of its root directory; default 0o1777. */
  readonly mode?: number | undefined;
  /** Owner of its root directory; default 0. */
  readonly uid?: number | undefined;
  /** Group of its root directory; default 0. */
  readonly gid?: number | undefined;
  /** Default false. */
  readonly readonly?: boolean | undefined;
  /** Programs in it can be executed; default false. */
  readonly exec?: boolean | undefined;
  /** More options, as they are written after the target on a command line: `suid`, `noatime`. */
  readonly options?: readonly string[] | undefined;
}
