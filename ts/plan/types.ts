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

/** One operation: its name, its fields in the units of `native/plan/ops.def`, and why it is there. */
export type Op = {
  [Name in keyof typeof ops]: {
    /** Name of the operation. */
    readonly op: Name;
    /** For people: `volume data`, `image VOLUME`, `default /dev`. Not part of the binary form. */
    readonly reason: string;
  } & Fields<(typeof ops)[Name]['fields']>;
}[keyof typeof ops];

/**
 * Who executes `prepare`: the container init process, in its copy of the host's mount tree (`in-child`), or a thread of
 * the caller in the host's mount namespace, before the clone (`opener`).
 */
export type Strategy = 'in-child' | 'opener';

/** The namespaces that a start makes new. */
export type Namespace = 'mount' | 'pid' | 'ipc' | 'uts' | 'network' | 'cgroup' | 'user';

/** What the caller puts into the first slots of the descriptor table, in their order. */
export type Supplied =
  | 'stdin'
  | 'stdout'
  | 'stderr'
  | 'gate'
  | 'network'
  | 'control'
  | 'program'
  | 'container'
  | TreeName;

/** A tree made ahead, by where it will be attached. */
export type TreeName = `tree:${string}`;

/**
 * A start, as data: `prepare` makes things, `enter` is what the container init process does with them, in the order of
 * its system calls. Built without effect, printed by `orlop plan`, and executed by `native/init`, which adds nothing.
 */
export interface Plan {
  /** Who makes what `prepare` lists. */
  readonly strategy: Strategy;
  /** Made new by the clone; namespaces(7). */
  readonly namespaces: readonly Namespace[];
  /** What the first slots hold. */
  readonly supplied: readonly Supplied[];
  /** Size of the descriptor table, the supplied slots included. */
  readonly slots: number;
  /** Operations that were executed before the start was asked for: they made what is supplied. */
  readonly prefetched?: readonly Op[] | undefined;
  /** Makes detached mounts, files and descriptors. An opener that joins a container puts them into their places there. */
  readonly prepare: readonly Op[];
  /** Attaches them, changes the root, gives up privileges, and ends in `exec`. */
  readonly enter: readonly Op[];
}
