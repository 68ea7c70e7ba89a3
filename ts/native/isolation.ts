import { existsSync, readFileSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { addRange } from './ids.ts';
import type { Held, Isolation, IsolationName } from './isolation-types.ts';
import type { Rights } from './rights.ts';

/** Facts of the kernel. */
export interface IsolationFacts {
  /** Names in /proc/self/ns. */
  readonly namespaces: readonly string[];
  /** Actions that filters may take. */
  readonly seccompActions: readonly string[];
  /** Controllers of control groups by which limits can be held. */
  readonly controllers: readonly string[];
}

const namespacesOfAll = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'] as const;

/** @param controllers of control groups, which another room finds */
export function readIsolationFacts(controllers: readonly string[]): IsolationFacts {
  return {
    controllers,
    namespaces: [...namespacesOfAll, 'user'].filter((name) => existsSync(`/proc/self/ns/${name}`)),
    seccompActions: readSeccompActions(),
  };
}

function readSeccompActions(): readonly string[] {
  try {
    return readFileSync('/proc/sys/kernel/seccomp/actions_avail', 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

/** @param asked root's containers get a user namespace if `user` or `ids` is asked for. Pure. */
export function isolationOf(rights: Rights, facts: IsolationFacts, asked: readonly IsolationName[] = []): Isolation {
  if (rights.kind === 'none') {
    const none = { holds: false, detail: rights.why.message, hint: rights.why.hint } as const;
    return { namespaces: none, filter: none, process: none, user: none, ids: none, cgroups: none };
  }
  return {
    namespaces: namespacesHeld(facts),
    filter: filterHeld(facts),
    process: processHeld(rights),
    user: userHeld(rights, asked),
    ids: idsHeld(rights, asked),
    cgroups: cgroupsHeld(facts),
  };
}

/** Pure. */
export function namespacesHeld({ namespaces }: Pick<IsolationFacts, 'namespaces'>): Held {
  const missing = namespacesOfAll.filter((name) => !namespaces.includes(name));
  if (missing.length === 0) return { holds: true, detail: namespacesOfAll.join(', ') };
  return { holds: false, detail: `without ${missing.join(', ')}`, hint: 'use a kernel with CONFIG_NAMESPACES' };
}

/** Pure. */
export function filterHeld({ seccompActions }: Pick<IsolationFacts, 'seccompActions'>): Held {
  if (seccompActions.includes('errno')) return { holds: true, detail: 'a filter of system calls' };
  return {
    holds: false,
    detail: 'system calls cannot be filtered',
    hint: `use a kernel with CONFIG_SECCOMP_FILTER, or run with '--security-opt seccomp=unconfined'`,
  };
}

/** What a container must not take all of. */
const basicLimits = ['memory', 'cpu', 'pids'];

function cgroupsHeld({ controllers }: Pick<IsolationFacts, 'controllers'>): Held {
  const missing = basicLimits.filter((name) => !controllers.includes(name));
  if (missing.length === 0) return { holds: true, detail: `limits of ${controllers.join(', ')}` };
  return {
    holds: false,
    detail: `without ${missing.join(', ')} of control groups`,
    hint: `be root, or start it by 'systemd-run --user --scope -p Delegate=yes'`,
  };
}

type Able = Exclude<Rights, { kind: 'none' }>;

function processHeld({ launcher }: Able): Held {
  if (launcher) return { holds: true, detail: 'orlop-launcher makes the privileged calls' };
  return {
    holds: false,
    detail: 'the program makes the privileged calls',
    hint: `ask for it: '--isolation process', or Orlop.open({ isolation: 'process' })`,
  };
}

/** True if root's containers get a user namespace of their own. Pure. */
export function takesOwnUsers(names: readonly IsolationName[]): boolean {
  return names.includes('user') || names.includes('ids');
}

const ownUsers = { holds: true, detail: 'each container has a range of IDs of its own' } as const;
const askForUsers = `ask for it: '--userns auto', or '--isolation user'; or run it as an ordinary user`;

function userHeld(rights: Able, asked: readonly IsolationName[]): Held {
  if (rights.kind === 'root') {
    if (takesOwnUsers(asked)) return ownUsers;
    return { holds: false, detail: `root in a container is root of the machine`, hint: askForUsers };
  }
  // Root in a container around, whose IDs are the same inside.
  const isSame = rights.users.every(({ inside, outside }) => inside === outside);
  return isSame
    ? { holds: false, detail: 'root in a container is root of the container around, without its capabilities' }
    : { holds: true, detail: `root in a container is uid ${rights.users[0]?.outside} of the machine` };
}

function idsHeld(rights: Able, asked: readonly IsolationName[]): Held {
  if (rights.kind === 'root') {
    return takesOwnUsers(asked) ? ownUsers : { holds: false, detail: 'the IDs of the machine', hint: askForUsers };
  }
  if (rights.narrow !== null) return { holds: false, detail: `one ID: ${rights.narrow}`, hint: addRange };
  const range = rights.users.find(({ inside, outside }) => inside !== outside && inside > 0);
  return range === undefined
    ? { holds: false, detail: 'the IDs of the container around' }
    : { holds: true, detail: `a range of ${range.count} IDs from ${range.outside} on` };
}

/**
 * Refuses to make containers with less than the caller's floor.
 *
 * @throws RequestError ORLOP_E_ISOLATION
 */
export function requireIsolation(
  floor: readonly IsolationName[],
  rights: Rights,
  controllers: () => readonly string[],
): void {
  if (floor.length === 0) return;
  const held = isolationOf(rights, readIsolationFacts(floor.includes('cgroups') ? controllers() : []), floor);
  for (const name of floor) {
    const one = held[name];
    if (!one.holds) throw belowFloor(name, one.detail, one.hint);
  }
}

/** The error for a container that would have less than the caller's floor. */
export function belowFloor(name: IsolationName, detail: string, hint?: string): RequestError {
  return new RequestError('ORLOP_E_ISOLATION', `the isolation '${name}' was asked for and does not hold: ${detail}`, {
    hint: hint ?? `leave '${name}' out, or run it elsewhere: 'orlop doctor' says what holds here`,
  });
}
