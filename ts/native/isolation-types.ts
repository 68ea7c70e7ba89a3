/**
 * What may keep a container apart from the machine, by name.
 *
 * - `namespaces`: mounts, processes, network, host name, IPC and cgroups of its own
 * - `filter`: system calls are filtered, seccomp(2)
 * - `process`: the privileged calls of a start are made in another process than the program
 * - `user`: root in a container is not root of the machine, user_namespaces(7)
 * - `ids`: users and groups in a container are IDs that nothing else on the machine has
 * - `cgroups`: a cgroup of its own, for limits
 */
export type IsolationName = 'namespaces' | 'filter' | 'process' | 'user' | 'ids' | 'cgroups';

export const isolationNames = [
  'namespaces',
  'filter',
  'process',
  'user',
  'ids',
  'cgroups',
] as const satisfies readonly IsolationName[];

/** One kind of isolation: whether containers have it, and what there is or what is missing. */
export interface Held {
  /** True if containers have it. */
  readonly holds: boolean;
  /** What there is, or what is missing. */
  readonly detail: string;
  /** What to do for more. */
  readonly hint?: string | undefined;
}

/** What holds for the containers of a runtime. */
export type Isolation = Readonly<Record<IsolationName, Held>>;
