import type { CapabilityName } from '../linux/capabilities.ts';
import type { DeviceRule } from '../linux/device-rules.ts';
import type { RlimitName } from '../linux/rlimits.ts';
import type { IsolationName } from '../native/isolation-types.ts';
import type { Limits } from './limits.ts';
import type { DnsSettings, ExtraHost } from './name-resolution.ts';
import type { Unmasked } from './system-paths.ts';
import type { UserNamespace } from './user-namespace.ts';

/**
 * Propagation of mount events between a bind mount and its source, mount_namespaces(7). `slave`, `shared` and their
 * recursive forms come with a later version.
 */
export type Propagation = 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';

/** A volume at a target: named, or anonymous if `name` is null. */
export interface VolumeMount {
  readonly type: 'volume';
  readonly name: string | null;
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Set bits of `attribute`. */
  readonly attributes: number;
  /** Leave a new volume empty instead of copying the image's directory at the target. */
  readonly nocopy: boolean;
}

/** A bind mount: a directory or file of the host at a target. */
export interface BindMount {
  readonly type: 'bind';
  /** Absolute, cleaned path on the host. */
  readonly source: string;
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Set bits of `attribute`, in addition to those of the source's mount. */
  readonly attributes: number;
  /** Include the mounts below the source. */
  readonly recursive: boolean;
  /** Other modes come with a later version. */
  readonly propagation: 'private' | 'rprivate';
}

/** A tmpfs at a target. */
export interface TmpfsSpec {
  readonly type: 'tmpfs';
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  /** Set bits of `attribute`. */
  readonly attributes: number;
  /** Bytes; null for the kernel's default, half of the memory. */
  readonly size: number | null;
  /** Number of inodes; null for the kernel's default. */
  readonly inodes: number | null;
  /** Mode of the root directory; null for 0o1777. */
  readonly mode: number | null;
  readonly uid: number;
  readonly gid: number;
}

export type MountSpec = VolumeMount | BindMount;

/** An environment variable. A null value removes the image's variable. */
export interface EnvEntry {
  readonly name: string;
  readonly value: string | null;
}

/** A resource limit, getrlimit(2). */
export interface Ulimit {
  /** Name without RLIMIT_ in lower case: `nofile`. */
  readonly name: RlimitName;
  /** Soft limit; -1 is unlimited. */
  readonly soft: number;
  /** Hard limit; -1 is unlimited. */
  readonly hard: number;
}

/** A parameter of the kernel that the container has to itself, sysctl(8). */
export interface Sysctl {
  /** Name with dots between its parts: `net.core.somaxconn`; with slashes if a part has a dot. */
  readonly name: string;
  readonly value: string;
}

/** A device of the host, or a directory of the host with devices. */
export interface DeviceSpec {
  /** Absolute, cleaned path on the host. */
  readonly host: string;
  /** Absolute, cleaned path in the container. */
  readonly container: string;
  /** Of `r`, `w` and `m`: read, write, mknod(2). */
  readonly permissions: string;
}

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** The default profile, no filter, or the absolute path of a profile in Docker's format. */
  readonly seccomp: 'default' | 'unconfined' | { readonly path: string };
  /** A profile of AppArmor, or `unconfined` for that of the caller. An older version recorded none: that of orlop. */
  readonly appArmor?: string | undefined;
  /** `/proc` and `/sys`: new ones, or those of the caller, read-only. An older version recorded none: new ones. */
  readonly systemPaths: 'own' | 'host';
  /** Paths to hide beside those that orlop hides. */
  readonly mask?: readonly string[] | undefined;
  /** Paths to show although orlop hides them, or makes them read-only. */
  readonly unmask?: Unmasked | undefined;
}

/** Changes to the default capabilities: `ALL`, or names in the kernel's form: `CAP_CHOWN`. */
export interface CapabilityChanges {
  readonly add: readonly (CapabilityName | 'ALL')[];
  readonly drop: readonly (CapabilityName | 'ALL')[];
}

/** `none`: a network namespace with only a loopback interface; `host`: the host's namespace; network_namespaces(7). */
export type NetworkMode = 'none' | 'host';

/** Namespace of a container: its own (`private`), or the caller's. */
export type NamespaceMode = 'private' | 'host';

/**
 * The parsed and checked request, independent of images, volumes and the kernel. Plain data: it survives JSON, and is
 * recorded with the container.
 */
export interface RunRequest {
  /** Image reference, ID, or `host`. */
  readonly image: string;
  /** Arguments of the command; empty for the command of the image. */
  readonly argv: readonly string[];
  /** Name of the container; null for a generated one. */
  readonly name: string | null;
  /** Remove the container and its anonymous volumes at its exit. */
  readonly rm: boolean;
  /**
   * Volumes and bind mounts in the order of the request, without duplicates. No two of them and `tmpfs` share a target.
   */
  readonly mounts: readonly MountSpec[];
  readonly tmpfs: readonly TmpfsSpec[];
  /** Environment variables, each name once. */
  readonly env: readonly EnvEntry[];
  /** Absolute working directory; null for that of the image, or `/`. */
  readonly workdir: string | null;
  /** `user[:group]`, names or numbers; null for that of the image, or root. */
  readonly user: string | null;
  /** Host name; null for the first twelve digits of the container's ID. */
  readonly hostname: string | null;
  /** Entrypoint; null for that of the image, empty for none. */
  readonly entrypoint: readonly string[] | null;
  readonly readOnly: boolean;
  readonly capabilities: CapabilityChanges;
  readonly security: SecurityOptions;
  readonly ulimits: readonly Ulimit[];
  /** Bounds on what the container takes from the machine; empty without any. */
  readonly limits: Limits;
  /** Parameters of the kernel, each name once. An older version recorded none. */
  readonly sysctls?: readonly Sysctl[] | undefined;
  /** Addition to the score by which the OOM killer chooses; null for that of the program. */
  readonly oomScoreAdj?: number | null | undefined;
  readonly network: NetworkMode;
  /** Addresses to add to `/etc/hosts`. An older version recorded none, as of the next two. */
  readonly extraHosts?: readonly ExtraHost[] | undefined;
  readonly dns?: DnsSettings | undefined;
  /** Groups of the application beside those of its user: names or numbers. */
  readonly groupAdd?: readonly string[] | undefined;
  /** PID namespace, pid_namespaces(7). An older version recorded none: its own. */
  readonly pid?: NamespaceMode | undefined;
  /** Cgroup namespace, cgroup_namespaces(7). An older version recorded none: its own. */
  readonly cgroupns?: NamespaceMode | undefined;
  /** Keep standard input open instead of using /dev/null. */
  readonly interactive: boolean;
  /** Number of the signal that asks the application to end; null for the image's. An older version recorded none. */
  readonly stopSignal?: number | null | undefined;
  /** Seconds from that signal to SIGKILL, -1 for no SIGKILL; null for the default. An older version recorded none. */
  readonly stopTimeout?: number | null | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Size of /dev/shm in bytes. */
  readonly shmSize: number;
  /** User namespace of the container. */
  readonly userns: UserNamespace;
  /** Devices of the host that the container gets. An older version recorded none. */
  readonly devices?: readonly DeviceSpec[] | undefined;
  /** What the filter of devices allows beside the default and `devices`. */
  readonly deviceRules?: readonly DeviceRule[] | undefined;
  /** All devices of the host, and a writable `/sys`. What else follows from it is in the other fields. */
  readonly privileged?: boolean | undefined;
  /** What must hold for the container; it is refused otherwise. */
  readonly isolation: readonly IsolationName[];
}

/** The caller's surroundings, for the parsers. */
export interface RequestContext {
  /** Absolute directory for relative sources. */
  readonly cwd: string;
  /** Values for variables without a value. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Release of the kernel, uname(2): `6.12.1-amd64`. */
  kernel(): string;
  /** Processors or memory nodes that are online, in the kernel's list format: `0-3`; null if that is not known. */
  online(what: 'cpu' | 'node'): string | null;
  /** SELinux is on. */
  seLinux(): boolean;
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
  /** Name of the container: letters, digits, `_`, `.` and `-`, unique in the store; default: a generated name. */
  readonly name?: string | undefined;
  /** Remove the container and its anonymous volumes at its exit; default true for `run`, false for `create`. */
  readonly rm?: boolean | undefined;
  /** Volumes and bind mounts: `/test`, `name:/test`, `/host:/test:ro`, `./relative:/test`, or an object. */
  readonly volumes?: readonly (string | VolumeInput)[] | undefined;
  /** File systems in memory: `/run`, `/run:size=64m,mode=755`, or an object. */
  readonly tmpfs?: readonly (string | TmpfsInput)[] | undefined;
  /** Environment variables: `A=b`, `A` (value of the caller), or an object, where null removes the image's variable. */
  readonly env?: readonly string[] | Readonly<Record<string, string | null>> | undefined;
  /** Working directory, an absolute path, created if missing; default that of the image, or `/`. */
  readonly workdir?: string | undefined;
  /** `user[:group]`, names in the image or numbers; default that of the image, or root. */
  readonly user?: string | undefined;
  /** Host name, at most 64 bytes; default: the first twelve digits of the container's ID. */
  readonly hostname?: string | undefined;
  /** A program, or a program with arguments, before `argv`; empty for none; default that of the image. */
  readonly entrypoint?: string | readonly string[] | undefined;
  /** Mount the root filesystem read-only; volumes and tmpfs stay writable. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Capabilities added to the default eleven: `NET_ADMIN` or `ALL`; capabilities(7). */
  readonly capAdd?: readonly string[] | undefined;
  /** Capabilities to remove: `CHOWN` or `ALL`; capabilities(7). */
  readonly capDrop?: readonly string[] | undefined;
  /**
   * Security options: `no-new-privileges=false`, `seccomp=unconfined`, `seccomp=FILE`, `apparmor=PROFILE`,
   * `apparmor=unconfined`, `systempaths=host`.
   */
  readonly securityOpt?: readonly string[] | undefined;
  /**
   * Devices of the host: `/dev/fuse`, `/dev/sda:/dev/disk:r`, or an object. A directory stands for all devices in it.
   */
  readonly devices?: readonly (string | DeviceInput)[] | undefined;
  /** For root: other devices that the container may use, if it has a file for them: `c 10:229 rwm`, `b 8:* r`. */
  readonly deviceCgroupRules?: readonly string[] | undefined;
  /**
   * Take away what holds a container: it gets all capabilities of the caller, all devices of the host, a writable `/sys`,
   * no filter of system calls, and no masked paths. Default false.
   */
  readonly privileged?: boolean | undefined;
  /** Resource limits, soft and hard: `nofile=1024:2048`; getrlimit(2). */
  readonly ulimits?: readonly string[] | undefined;
  /** Bounds on what the container takes from the machine: `{ memory: '512m', cpus: 1.5, pids: 64 }`; cgroups(7). */
  readonly limits?: LimitOptions | undefined;
  /**
   * Control group that the container's is made in: a path as below `/sys/fs/cgroup`, or the name of a slice of systemd,
   * `batch.slice`; default: chosen by orlop.
   */
  readonly cgroupParent?: string | undefined;
  /** Parameters of the kernel: `net.core.somaxconn=1024`, or an object. Only those that a container has to itself. */
  readonly sysctls?: readonly string[] | Readonly<Record<string, string>> | undefined;
  /**
   * From -1000 (never) to 1000 (first): addition to the score by which the kernel chooses what to kill when memory runs
   * out; default, and 0: that of the program. proc_pid_oom_score_adj(5)
   */
  readonly oomScoreAdj?: number | string | undefined;
  /** `none`: only a loopback interface; or `host`. `default` is `none`. */
  readonly network?: string | undefined;
  /** Addresses to add to `/etc/hosts`: `db:10.0.0.7`, or an object. hosts(5) */
  readonly extraHosts?: readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Addresses of name servers in `/etc/resolv.conf`, in the place of the host's. resolv.conf(5) */
  readonly dns?: readonly string[] | undefined;
  /** Domains to search for names without a dot; `['.']` for none. */
  readonly dnsSearch?: readonly string[] | undefined;
  /** Options of the resolver: `ndots:2`. */
  readonly dnsOptions?: readonly string[] | undefined;
  /** Groups of the application beside those of its user, by name in the image or by number. */
  readonly groupAdd?: readonly string[] | undefined;
  /**
   * `private`: the container sees its own processes alone, and the application is PID 1; the default. `host`: it sees
   * those of the host, and the end of the application ends the others of its control group, which it has to have.
   */
  readonly pid?: string | undefined;
  /** `private`: the container sees its own control group as the top, the default; or `host`. */
  readonly cgroupns?: string | undefined;
  /** Recorded for `inspect`, as in Docker. The options of `start` decide about stdin. Default false. */
  readonly interactive?: boolean | undefined;
  /** Signal by which `stop` asks the application to end: `SIGINT`, `INT` or 2; default: the image's, or SIGTERM. */
  readonly stopSignal?: string | number | undefined;
  /** Seconds from that signal to SIGKILL; -1 for no SIGKILL. Default 10. */
  readonly stopTimeout?: number | string | undefined;
  /** Labels: `k=v`, or an object. */
  readonly labels?: readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Size of /dev/shm: bytes, or a text such as `64m`, the default. */
  readonly shmSize?: number | string | undefined;
  /**
   * For root: `auto` for a user namespace with IDs that no other container has, `UID:GID:SIZE` for these IDs of the host,
   * `keep-id` for all of them under their numbers, or `host`, the default. Files of images and volumes keep their owners on the disk. user_namespaces(7)
   */
  readonly userns?: string | undefined;
  /** What must hold for the container, beside what `Orlop.open` asks for: `user,ids`, or a list. It is refused otherwise. */
  readonly isolation?: string | readonly IsolationName[] | undefined;
}

/**
 * Bounds on what a container takes from the machine, each by a control group. What is missing has no bound, but for
 * `swap` and `pids`, which have defaults. Sizes are bytes, or a text such as `512m`; numbers may be texts too.
 *
 * A value out of range, bounds that contradict each other, and processors that the machine does not have are refused
 * with `ORLOP_E_INPUT`.
 *
 * @example
 * const container = await orlop.create('host', ['true'], { limits: { memory: '512m', swap: 0, cpus: 0.5, pids: 64 } });
 * const { HostConfig } = await container.inspect();
 * console.log(HostConfig.Memory, HostConfig.MemorySwap, HostConfig.PidsLimit); // → 536870912 536870912 64
 * await container.remove();
 */
export interface LimitOptions {
  /** Memory, at least `6m`: above it, the kernel takes memory back, and then kills. */
  readonly memory?: number | string | undefined;
  /**
   * Swap space beyond memory: 0 for none, -1 for no bound; default: as much as `memory`. Docker's `--memory-swap` is
   * memory and swap space together: `-m 512m --memory-swap 768m` is `{ memory: '512m', swap: '256m' }`.
   */
  readonly swap?: number | string | undefined;
  /** Memory that is taken from the container last when the machine has none left: at least `6m`, at most `memory`. */
  readonly memoryReservation?: number | string | undefined;
  /** Processors, from 0.01 to those of the machine: 1.5 is the time of one and a half. */
  readonly cpus?: number | string | undefined;
  /** Share of processors when they are short, 2 to 262144; that of others is 1024. */
  readonly cpuShares?: number | string | undefined;
  /** Period of `cpuQuota` in microseconds, 1000 to 1000000; default 100000. */
  readonly cpuPeriod?: number | string | undefined;
  /** Microseconds of processors in each period, at least 1000, or -1 for no bound; instead of `cpus`. */
  readonly cpuQuota?: number | string | undefined;
  /** Processors to run on: `0-2,4`; cpuset(7). */
  readonly cpusetCpus?: string | undefined;
  /** Memory nodes to use: `0-1`; cpuset(7). */
  readonly cpusetMems?: string | undefined;
  /** Processes and threads, from 1 on, or -1 for no bound; default 2048. */
  readonly pids?: number | string | undefined;
  /** Share of the time of disks, 10 to 1000. */
  readonly blkioWeight?: number | string | undefined;
  /**
   * Milliseconds of processors that all processes may use together. At the limit the container is killed, and the
   * result has `limit: 'cpuTime'`. It is looked at some milliseconds late at most for each processor.
   */
  readonly cpuTime?: number | string | undefined;
  /**
   * Milliseconds until the container is killed, with `limit: 'wallTime'` in the result. Unlike `timeout`, which is no
   * option of the container, it is no error.
   */
  readonly wallTime?: number | string | undefined;
  /**
   * Bytes of each output of `run`: above it, the container is killed, with `limit: 'output'` in the result. Unlike
   * `maxBuffer`, it is no error.
   */
  readonly output?: number | string | undefined;
  /**
   * What the read-write layer may hold, at least `1m`: files that the container makes or changes, those of the image
   * that it changes as a whole, and as many inodes as 4 KiB go into it. Volumes, `tmpfs` mounts and `/dev/shm` do not
   * count. Beyond it, a write fails with ENOSPC or EDQUOT.
   *
   * Where the store is root's, on ext4 or xfs with `prjquota`, the file system holds the limit. Elsewhere the layer is
   * in memory, where it counts as memory of the container: it ends with the container, which has to be one that is
   * removed then (`rm`), and cannot be committed.
   */
  readonly disk?: number | string | undefined;
  /** Bytes in a second that are read from a device. */
  readonly deviceReadBps?: DeviceRates | undefined;
  /** Bytes in a second that are written to a device. */
  readonly deviceWriteBps?: DeviceRates | undefined;
  /** Operations in a second that read from a device. */
  readonly deviceReadIops?: DeviceRates | undefined;
  /** Operations in a second that write to a device. */
  readonly deviceWriteIops?: DeviceRates | undefined;
}

/** Rates of devices: `{ '/dev/sda': '1m' }`, or a list: `['/dev/sda:1m']`. */
export type DeviceRates = readonly string[] | Readonly<Record<string, number | string>>;

/** A volume or bind mount as an object, for names with a colon and for options that a string cannot express. */
export interface VolumeInput {
  /** Name of a volume, or a host path if it starts with `/` or `.`; default: a new anonymous volume. */
  readonly source?: string | undefined;
  /** Absolute path in the container, created if missing. */
  readonly target: string;
  /** Mount it read-only; default false. */
  readonly readonly?: boolean | undefined;
  /** Leave a new volume empty instead of copying the image's directory at the target; default false. */
  readonly nocopy?: boolean | undefined;
  /** Include the mounts below a host path; default true. */
  readonly recursive?: boolean | undefined;
  /** Propagation of a bind mount; default `rprivate`. */
  readonly propagation?: Propagation | undefined;
  /** Other options of the command line's form: `noexec`, `nosymfollow`. */
  readonly options?: readonly string[] | undefined;
}

/** A device of the host as an object, for paths with a colon. */
export interface DeviceInput {
  /** Absolute path on the host. */
  readonly host: string;
  /** Absolute path in the container; default: the same. */
  readonly container?: string | undefined;
  /** Of `r` (read), `w` (write) and `m` (mknod); default `rwm`. */
  readonly permissions?: string | undefined;
}

/** A file system in memory, nosuid and nodev unless its options change that, tmpfs(5). */
export interface TmpfsInput {
  /** Absolute path in the container, created if missing. */
  readonly target: string;
  /** Size: bytes, or a text such as `64m`; default half of the memory. */
  readonly size?: number | string | undefined;
  /** Mode of the root directory; default 0o1777. */
  readonly mode?: number | undefined;
  /** Owner of the root directory; default 0. */
  readonly uid?: number | undefined;
  /** Group of the root directory; default 0. */
  readonly gid?: number | undefined;
  /** Mount it read-only; default false. */
  readonly readonly?: boolean | undefined;
  /** Allow executing programs in it; default false. */
  readonly exec?: boolean | undefined;
  /** Other options of the command line's form: `suid`, `noatime`. */
  readonly options?: readonly string[] | undefined;
}
