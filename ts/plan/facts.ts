import type { CapabilityName } from '../linux/capabilities.ts';
import type { RlimitName } from '../linux/rlimits.ts';
import type { Strategy, TreeName } from './types.ts';

/** A host directory or file that appears at a target: `-v` in both its forms. */
export interface BindMount {
  readonly kind: 'bind';
  /** Absolute path on the host, already resolved: it is opened once, by the container init process. */
  readonly source: string;
  /** What the source was when it was resolved; the start fails with ESTALE when it has been replaced. 0 and 0: any. */
  readonly device: bigint;
  readonly inode: bigint;
  readonly type: 'directory' | 'file';
  /** Absolute, without `.`, `..`, doubled or trailing slashes. */
  readonly target: string;
  /** Bits of `attribute` that are set, besides those that the source's mount has. */
  readonly attributes: number;
  /** With what is mounted below the source. */
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
  /** How many; 0 or absent: the kernel's default. */
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

/** A path of the image that an empty tmpfs covers (image `host`: `/root`, `/home`, the store). It must exist. */
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
  /** Read-write layer; null for a root filesystem that cannot be written. */
  readonly upper: string | null;
  readonly work: string | null;
  /** No sync at unmount: for containers whose read-write layer nobody reads after a power cut. */
  readonly volatile: boolean;
  /** Overlay attributes in `user.*`, as a user namespace needs them. */
  readonly userxattr?: boolean | undefined;
  /** `--read-only`. */
  readonly readOnly: boolean;
}

export interface Rlimit {
  readonly resource: RlimitName;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface ProcessFacts {
  readonly argv: readonly string[];
  /** Paths to try, in order: the one path when argv[0] has a slash, otherwise one for each part of $PATH. */
  readonly candidates: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** Absolute; made when it is missing. */
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly umask: number;
  readonly rlimits: readonly Rlimit[];
  /** The bounding set, and for uid 0 also the permitted and effective set. */
  readonly capabilities: readonly CapabilityName[];
  readonly noNewPrivileges: boolean;
  /** A compiled filter (array of `struct sock_filter`); null: unconfined. */
  readonly seccomp: Uint8Array | null;
}

export interface Sysctl {
  /** With dots: `net.ipv4.ping_group_range`. */
  readonly name: string;
  readonly value: string;
}

/**
 * All that a plan is built from: resolved, so that building it asks nothing of the machine.
 */
export interface StartFacts {
  readonly id: string;
  /** Default `in-child`. With `opener`, the root filesystem's mount point is in the empty mount namespace. */
  readonly strategy?: Strategy | undefined;
  readonly root: RootFacts;
  readonly mounts: readonly UserMount[];
  readonly hidden: readonly HiddenPath[];
  readonly hostname: string;
  /** Content of the files that the container gets; null leaves the image's. Skipped where the user mounts that path. */
  readonly files: {
    readonly hosts: Uint8Array | string | null;
    readonly hostname: Uint8Array | string | null;
    readonly resolvConf: Uint8Array | string | null;
  };
  readonly network: 'none' | 'host';
  /**
   * A network namespace made ahead is supplied for `none`, with its loopback up and its parameters set: `sysctls` are
   * what is still to be set.
   */
  readonly networkReady?: boolean | undefined;
  /** Trees that are supplied, as `treesPlan` names them. */
  readonly treesReady?: readonly TreeName[] | undefined;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly sysctls: readonly Sysctl[];
  /** Bytes of `/dev/shm`. */
  readonly shmSize: bigint;
  /** Show the unified cgroup hierarchy, read-only, at `/sys/fs/cgroup`. */
  readonly cgroup: boolean;
  /** Signal that the process gets when the launching thread ends; 0: none. */
  readonly parentDeath: number;
  /** The caller supplies a descriptor behind stderr that holds the process just before `exec` until a byte arrives. */
  readonly gate?: boolean | undefined;
  /** Make a user namespace too. */
  readonly userNamespace?: boolean | undefined;
  readonly process: ProcessFacts;
  /** The filter of the process is the default one, which lets a start be made under it. */
  readonly defaultFilter?: boolean | undefined;
}
