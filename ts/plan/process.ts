import { capabilitySet } from '../linux/capabilities.ts';
import { rlimits } from '../linux/rlimits.ts';
import type { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts } from './facts.ts';
import { hole, shortId } from './holes.ts';
import type { Op, Slot } from './types.ts';

/** Adds the operations after the change of the root: from the session to the application. */
export function becomeApplication(draft: Draft, facts: StartFacts, scratch: Slot): void {
  draft.enter.push(keyring(facts), session);
  connect(draft, scratch);
  limit(draft, facts.process);
  draft.enter.push(signals);
  findDirectory(draft, facts);
  draft.enter.push(bounding(facts));
  dropPrivileges(draft, facts);
  execute(draft, facts);
}

/**
 * True if a waiting container can load its filter before the request, which halves the rest of the start. Only the
 * default filter is known to allow that rest.
 */
function isFilteredEarly({ process, defaultFilter }: StartFacts): boolean {
  return process.noNewPrivileges && process.seccomp !== null && defaultFilter === true;
}

/** Adds the operations that a waiting container executes before it waits. */
export function awaitApplication(draft: Draft, facts: StartFacts): void {
  // The bounding set limits what `exec` can give, and leaves the process its own capabilities.
  draft.enter.push(keyring(facts), bounding(facts));
  if (!isFilteredEarly(facts)) return;
  draft.enter.push(withoutGain);
  filterCalls(draft, facts);
}

/** Adds the operations of the opener in a waiting container's root, after the request's mounts are attached. */
export function completeRoot(draft: Draft, facts: StartFacts): void {
  const { process, root } = facts;
  if (!root.readOnly) return;
  // A missing directory cannot be made in a read-only root.
  draft.prepare.push({ op: 'chdir', reason: 'working directory', path: process.cwd, create: 1 });
  draft.prepare.push(readonlyRoot);
}

/** Adds the rest of the operations, by which a waiting container becomes the application. */
export function leaveWaiting(draft: Draft, facts: StartFacts, scratch: Slot): void {
  connect(draft, scratch);
  limit(draft, facts.process);
  draft.enter.push({ op: 'chdir', reason: 'working directory', path: facts.process.cwd, create: 1 });
  dropPrivileges(draft, facts, isFilteredEarly(facts));
  execute(draft, facts);
}

const readonlyRoot: Op = { op: 'readonly', reason: 'read-only root filesystem', target: '/', recursive: 0 };
const withoutGain: Op = { op: 'no-new-privileges', reason: 'set-id programs gain nothing' };

/** Adds the operations by which orlop-init becomes a further process of a container, whose namespaces it has joined. */
export function becomeFurther(draft: Draft, facts: FurtherFacts): void {
  const { process, parentDeath } = facts;
  draft.enter.push(keyring(facts));
  limit(draft, process);
  // As root, before the user changes. A directory that is missing is not made: the container may have removed it.
  draft.enter.push({ op: 'chdir', reason: 'working directory', path: process.cwd, create: 0 });
  draft.enter.push(bounding(facts));
  restrict(draft, facts);
  draft.enter.push({ op: 'fork', reason: 'into the PID namespace' }, session);
  diesWith(draft, parentDeath);
  execute(draft, facts);
}

/** Facts of a further process. */
export type FurtherFacts = Pick<StartFacts, 'id' | 'confined' | 'parentDeath' | 'process'>;

const session: Op = { op: 'session', reason: 'no terminal of the caller' };
const signals: Op = { op: 'signals', reason: 'signals as a program expects them' };

/** First operations of the launch of orlop-init. */
export const startApart: readonly Op[] = [session, signals];

function keyring({ id }: Pick<StartFacts, 'id'>): Op {
  return { op: 'keyring', reason: 'keyring of its own', name: `orlop.${id === hole.id ? hole.shortId : shortId(id)}` };
}

function bounding({ process }: Pick<StartFacts, 'process'>): Op {
  return { op: 'bounding', reason: 'capability bounding set', set: capabilitySet(process.capabilities) };
}

function findDirectory(draft: Draft, { process, root }: StartFacts): void {
  // As root, before the user changes: as in Docker, a user may start in a directory that only root may enter.
  draft.enter.push({ op: 'chdir', reason: 'working directory', path: process.cwd, create: 1 });
  // After the working directory, which may have to be made.
  if (root.readOnly) draft.enter.push(readonlyRoot);
}

function execute(draft: Draft, facts: Pick<StartFacts, 'process'>): void {
  const { candidates, argv, env } = facts.process;
  draft.enter.push({ op: 'exec', reason: 'application', candidates, argv, env });
}

function connect(draft: Draft, scratch: Slot | null): void {
  draft.enter.push({
    op: 'stdio',
    reason: 'standard streams',
    in: draft.suppliedSlot('stdin'),
    out: draft.suppliedSlot('stdout'),
    err: draft.suppliedSlot('stderr'),
    scratch,
  });
}

function limit(draft: Draft, process: ProcessFacts): void {
  for (const { resource, soft, hard } of process.rlimits) {
    draft.enter.push({ op: 'rlimit', reason: `limit ${resource}`, resource: rlimits[resource], soft, hard });
  }
  draft.enter.push({ op: 'umask', reason: 'file creation mask', mask: process.umask });
}

/**
 * The kernel requires this order. The bounding set needs CAP_SETPCAP, the ids CAP_SETUID. A change of credentials
 * clears the parent-death signal. A filter without no_new_privs needs CAP_SYS_ADMIN, so it is loaded before the
 * capabilities are dropped, and has to allow the calls that follow (Docker's profile does).
 *
 * @param confined no_new_privs is set already, and the filter is loaded
 */
function dropPrivileges(draft: Draft, facts: StartFacts, confined = false): void {
  const { noNewPrivileges } = facts.process;
  becomeUser(draft, facts);
  if (noNewPrivileges && !confined) draft.enter.push(withoutGain);
  diesWith(draft, facts.parentDeath);
  draft.enter.push(closeFds);
  if (noNewPrivileges && !confined) filterCalls(draft, facts);
}

/** The same up to the fork of a further process: no process of the container sees it before. */
function restrict(draft: Draft, facts: FurtherFacts): void {
  becomeUser(draft, facts);
  // It opens the null device of the container, with no more rights than the container has.
  connect(draft, null);
  if (facts.process.noNewPrivileges) draft.enter.push(withoutGain);
  draft.enter.push(closeFds);
  if (facts.process.noNewPrivileges) filterCalls(draft, facts);
}

const closeFds: Op = { op: 'close-fds', reason: 'no descriptor of the caller' };

function diesWith(draft: Draft, signal: number): void {
  if (signal !== 0) draft.enter.push({ op: 'parent-death', reason: 'ends with its starter', signal });
}

function becomeUser(draft: Draft, facts: Pick<StartFacts, 'confined' | 'process'>): void {
  const { uid, gid, groups, capabilities, noNewPrivileges } = facts.process;
  // A user other than root holds no capability, only the bounding set for set-id programs, as in Docker.
  const held = uid === 0 ? capabilitySet(capabilities) : 0n;
  if (!noNewPrivileges) filterCalls(draft, facts);
  // In a user namespace with one ID the process has it already, and setgroups(2) is forbidden.
  if (!facts.confined?.oneId) draft.enter.push({ op: 'ids', reason: 'user and groups', uid, gid, groups });
  draft.enter.push({
    op: 'capabilities',
    reason: 'capabilities',
    effective: held,
    permitted: held,
    inheritable: 0n,
    ambient: 0n,
  });
}

function filterCalls(draft: Draft, facts: Pick<StartFacts, 'process'>): void {
  const { seccomp: program, quotaFilter } = facts.process;
  if (quotaFilter !== undefined) {
    draft.enter.push({ op: 'seccomp', reason: 'quota of the read-write layer', program: quotaFilter });
  }
  if (program !== null) draft.enter.push({ op: 'seccomp', reason: 'system call filter', program });
}
