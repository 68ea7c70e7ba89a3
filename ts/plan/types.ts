import type { ops } from './ops.ts';

/** Index into the descriptor table of a start. */
export type Slot = number;

type Value<Kind> = Kind extends 'out' | 'slot'
  ? Slot | null
  : Kind extends 'u32'
    ? number
    : Kind extends 'u64'
      ? bigint
      : Kind extends 'string'
        ? string
        : Kind extends 'blob'
          ? Uint8Array | string
          : Kind extends 'strings'
            ? readonly string[]
            : readonly number[];

type Fields<List extends readonly (readonly [string, string])[]> = {
  readonly [Entry in List[number] as Entry[0]]: Value<Entry[1]>;
};

/** One operation: its name, its fields in the units of `native/plan/ops.def`, and its reason. */
export type Op = {
  [Name in keyof typeof ops]: {
    /** Name of the operation. */
    readonly op: Name;
    /** For people: `volume data`, `image VOLUME`, `default /dev`. Not part of the binary form. */
    readonly reason: string;
  } & Fields<(typeof ops)[Name]['fields']>;
}[keyof typeof ops];

/**
 * Process that executes `prepare`: the container init process, in its copy of the host's mount namespace (`in-child`),
 * or a thread of the caller, in the host's mount namespace and before the clone (`opener`).
 */
export type Strategy = 'in-child' | 'opener';

/** Namespaces that a start may make. */
export type Namespace = 'mount' | 'pid' | 'ipc' | 'uts' | 'network' | 'cgroup' | 'user';

/** Descriptors that the caller puts into the first slots of the descriptor table. */
export type Supplied =
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'range'
  | 'gate'
  | 'network'
  | 'control'
  | 'program'
  | 'group'
  | 'container'
  | 'proc'
  | MountName;

/** A prefetched mount, named by its target. */
export type MountName = `mount:${string}`;

/**
 * A start, as data: `prepare` makes mounts, and with `enter` the container init process uses them, both in the order of
 * the system calls. Building a plan has no effect. `orlop plan` prints it, and `native/init` executes nothing else.
 */
export interface Plan {
  /** Process that executes `prepare`. */
  readonly strategy: Strategy;
  /** Namespaces that the clone makes; namespaces(7). */
  readonly namespaces: readonly Namespace[];
  /** Content of the first slots. */
  readonly supplied: readonly Supplied[];
  /** Size of the descriptor table, with the supplied slots. */
  readonly slots: number;
  /** Operations that were executed before the request: they made the prefetched descriptors. */
  readonly prefetched?: readonly Op[] | undefined;
  /** Makes detached mounts, files and descriptors. An opener that joins a waiting container attaches the mounts too. */
  readonly prepare: readonly Op[];
  /** Attaches the mounts, changes the root, drops privileges, and ends in `exec`. */
  readonly enter: readonly Op[];
}
