import type { CapabilityName } from '../linux/capabilities.ts';
import type { DeviceRules } from '../linux/device-rules.ts';
import type { RlimitName } from '../linux/rlimits.ts';
import type { MountName, Strategy } from './types.ts';

/** Bind mount of a host directory or file: `-v` in both its forms. */
export interface BindMount {
  readonly kind: 'bind';
  /** Absolute path on the host, resolved. It is opened once, by the process that makes the mounts. */
  readonly source: string;
  /** Device and inode of the resolved source. The start fails with ESTALE if it was replaced. 0 and 0: any. */
  readonly device: bigint;
  readonly inode: bigint;
  readonly type: 'directory' | 'file';
  /** Absolute, without `.`, `..`, doubled or trailing slashes. */
  readonly target: string;
  /** Bits of `attribute`, added to those of the source's mount. */
  readonly attributes: number;
  /** Include the mounts below the source. */
  readonly recursive: boolean;
  readonly propagation?: 'private' | 'slave' | 'shared' | undefined;
  /** For people: `volume data`, `image VOLUME`. */
  readonly reason: string;
}

/** `--tmpfs`. */
export interface TmpfsMount {
  readonly kind: 'tmpfs';
  readonly target: string;
  /** Bytes; 0 or absent: the kernel's default, half of the memory. */
  readonly size?: bigint | undefined;
  /** Maximal number; 0 or absent: the kernel's default. */
  readonly inodes?: bigint | undefined;
  /** Default 0o1777. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Bits of `attribute` that are set. */
  readonly attributes: number;
  readonly reason: string;
}

export type UserMount = BindMount | TmpfsMount;

/** A device of the host that a container gets. */
export interface HostDevice {
  /** Path on the host, without symbolic links. */
  readonly path: string;
  /** Device and inode of its file, as of a bind mount's source. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Absolute, cleaned path in the container. */
  readonly target: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Permission bits, owner and group of its file on the host. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of `r`, `w` and `m`. */
  readonly access: string;
}

/** An existing path of the image that an empty tmpfs covers (image `host`: `/root`, `/home`, the store). */
export interface HiddenPath {
  readonly target: string;
  readonly mode: number;
}

/** The union that becomes the root filesystem. */
export interface RootFacts {
  /** Path of `mnt/<id>` in the store. */
  readonly mountPoint: string;
  /** Layer directories, uppermost first; the layer with the default mount points comes last. */
  readonly layers: readonly string[];
  /** Upper directory; null: the root filesystem has no read-write layer. */
  readonly upper: string | null;
  readonly work: string | null;
  /** No sync at unmount, for containers whose read-write layer is not read after a power cut. */
  readonly volatile: boolean;
  /** Keep overlay attributes in `user.*`, which a user namespace needs. */
  readonly userxattr?: boolean | undefined;
  /** `--read-only`. */
  readonly readOnly: boolean;
  /** Directories of the root file system with unions of their own; see `UnionPart`. */
  readonly parts?: readonly UnionPart[] | undefined;
  /** Directories of the host that are parts of it, read-only. */
  readonly bound?: readonly string[] | undefined;
  /** The read-write layer is in memory, and ends with the container: `upper` and `work` only name what it stands for. */
  readonly memory?: LayerInMemory | undefined;
}

/** A tmpfs that bounds what a container writes. */
export interface LayerInMemory {
  /** Bytes. */
  readonly size: bigint;
  readonly inodes: bigint;
  /** Directories in it, parents first. */
  readonly directories: readonly LayerDirectory[];
}

export interface LayerDirectory {
  /** Path below that of the layer: `diff`. */
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A directory of the host's root file system, in a union of its own. */
export interface UnionPart {
  /** The lower directory, and the place in the container. */
  readonly target: string;
  /** Upper directory, at the same place in the root's. */
  readonly upper: string;
  readonly work: string;
}

export interface Rlimit {
  readonly resource: RlimitName;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface ProcessFacts {
  readonly argv: readonly string[];
  /** Paths to try, in order: argv[0] if it has a slash, otherwise one for each part of $PATH. */
  readonly candidates: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** Absolute; made if it is missing. */
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly umask: number;
  /** `oom_score_adj`, proc_pid_oom_score_adj(5); null: that of the program. */
  readonly oomScore: number | null;
  readonly rlimits: readonly Rlimit[];
  /** The bounding set, and for uid 0 also the permitted and effective set. */
  readonly capabilities: readonly CapabilityName[];
  readonly noNewPrivileges: boolean;
  /** A compiled filter (array of `struct sock_filter`); null: unconfined. */
  readonly seccomp: Uint8Array | null;
  /** Another, which keeps the quota of the read-write layer; undefined: it has none, or needs none. */
  readonly quotaFilter?: Uint8Array | undefined;
}

export interface Sysctl {
  /** Name with dots, `net.ipv4.ping_group_range`, or with slashes: `net/ipv4/conf/eth0.1/forwarding`. */
  readonly name: string;
  readonly value: string;
}

/** IDs of the host that those from 0 on stand for in a user namespace; user_namespaces(7). */
export interface UserRange {
  /** Null: IDs that no other container has, a value of each start. */
  readonly first: { readonly user: number; readonly group: number } | null;
  readonly size: number;
}

/** All facts that a plan is built from. They are resolved, so that building needs no look at the machine. */
export interface StartFacts {
  readonly id: string;
  /** Default `in-child`. With `opener`, the root filesystem's mount point is a path of the empty mount namespace. */
  readonly strategy?: Strategy | undefined;
  readonly root: RootFacts;
  readonly mounts: readonly UserMount[];
  readonly hidden: readonly HiddenPath[];
  readonly hostname: string;
  /** Nobody asked for the name: the start goes on where a filter around the caller forbids to set it. */
  readonly hostnameOptional?: boolean | undefined;
  /** Content of the files that the container gets; null: the image's file. Skipped if the user mounts that path. */
  readonly files: {
    readonly hosts: Uint8Array | string | null;
    readonly hostname: Uint8Array | string | null;
    readonly resolvConf: Uint8Array | string | null;
  };
  readonly network: 'none' | 'host';
  /**
   * A prefetched network namespace is supplied for `none`. Its loopback is up and its parameters are set, so `sysctls`
   * holds none of these.
   */
  readonly networkPrefetched?: boolean | undefined;
  /** Supplied prefetched mounts, as `mountsPlan` names them. */
  readonly mountsPrefetched?: readonly MountName[] | undefined;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly sysctls: readonly Sysctl[];
  /** Bytes of `/dev/shm`. */
  readonly shmSize: bigint;
  /** Bind the caller's `/proc` and `/sys`, read-only, where the kernel mounts no new ones. */
  readonly hostSystem?: boolean | undefined;
  /** The container is in the caller's PID namespace. */
  readonly hostPid?: boolean | undefined;
  /** The container is in the caller's cgroup namespace. */
  readonly hostCgroup?: boolean | undefined;
  /** Show the unified cgroup hierarchy, read-only, at `/sys/fs/cgroup`. */
  readonly cgroup: boolean;
  /** Devices of the host, each target once. */
  readonly devices?: readonly HostDevice[] | undefined;
  /** What the filter of devices allows, where one can be set; undefined: what every container may use. */
  readonly deviceRules?: DeviceRules | undefined;
  /** `/sys` and `/sys/fs/cgroup` can be written. */
  readonly writableSys?: boolean | undefined;
  /** Signal that the process gets when the launcher thread exits; 0: none. */
  readonly parentDeath: number;
  /** Profile of AppArmor that the application gets; null or undefined: that of the process that starts it. */
  readonly appArmor?: string | null | undefined;
  /**
   * What the user namespace of the caller allows; null or undefined: it is the initial one, which allows all. Otherwise
   * devices cannot be made, only bound.
   */
  readonly confined?: { readonly oneId: boolean } | null | undefined;
  /**
   * The container gets a user namespace of its own, for a caller in the initial one; `range` is supplied, by which the
   * owners of layers and sources are shown. Only with an opener, because no process in the namespace may do that.
   */
  readonly userNamespace?: UserRange | null | undefined;
  readonly process: ProcessFacts;
  /** The process has the default filter, under which the rest of a start is possible. */
  readonly defaultFilter?: boolean | undefined;
}
