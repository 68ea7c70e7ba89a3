import { capabilitySet } from '../linux/capabilities.ts';
import { rlimits } from '../linux/rlimits.ts';
import type { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts } from './facts.ts';
import { hole, shortId } from './holes.ts';
import type { Op, Slot } from './types.ts';

/** What becomes of the process once its root is the container's: from the session to the application. */
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
 * Whether the filter can be loaded long before the application is executed: it is half of what is left of a start then.
 * Another one than the default may forbid the rest.
 */
function isConfinedEarly({ process, defaultFilter }: StartFacts): boolean {
  return process.noNewPrivileges && process.seccomp !== null && defaultFilter === true;
}

/** The part of it that a container in a pool does before it waits, beside what starts orlop-init in it. */
export function awaitApplication(draft: Draft, facts: StartFacts): void {
  // A bounding set limits what an application can gain by `exec`: what the process holds itself is as before.
  draft.enter.push(keyring(facts), bounding(facts));
  if (!isConfinedEarly(facts)) return;
  draft.enter.push(withoutGain);
  filterCalls(draft, facts);
}

/** What somebody else does in the root of a container that waits, once the mounts of its request are there. */
export function completeRoot(draft: Draft, facts: StartFacts): void {
  const { process, root } = facts;
  if (!root.readOnly) return;
  // It cannot be made later.
  draft.prepare.push({ op: 'chdir', reason: 'working directory', path: process.cwd, create: 1 });
  draft.prepare.push(readonlyRoot);
}

/** And the part that is left then. */
export function leaveWaiting(draft: Draft, facts: StartFacts, scratch: Slot): void {
  connect(draft, scratch);
  limit(draft, facts.process);
  draft.enter.push({ op: 'chdir', reason: 'working directory', path: facts.process.cwd, create: 1 });
  dropPrivileges(draft, facts, isConfinedEarly(facts));
  execute(draft, facts);
}

const readonlyRoot: Op = { op: 'readonly', reason: 'read-only root filesystem', target: '/', recursive: 0 };
const withoutGain: Op = { op: 'no-new-privileges', reason: 'set-id programs gain nothing' };

const session: Op = { op: 'session', reason: 'no terminal of the caller' };
const signals: Op = { op: 'signals', reason: 'signals as a program expects them' };

/** The beginning of what starts orlop-init in a container that is to wait. */
export const startWaiting: readonly Op[] = [session, signals];

function keyring({ id }: StartFacts): Op {
  return { op: 'keyring', reason: 'keyring of its own', name: `orlop.${id === hole.id ? hole.shortId : shortId(id)}` };
}

function bounding({ process }: StartFacts): Op {
  return { op: 'bounding', reason: 'capability bounding set', set: capabilitySet(process.capabilities) };
}

function findDirectory(draft: Draft, { process, root }: StartFacts): void {
  // As root, and before the user changes: Docker too lets a user start in a directory that only root may enter.
  draft.enter.push({ op: 'chdir', reason: 'working directory', path: process.cwd, create: 1 });
  // After the working directory, which may have to be created.
  if (root.readOnly) draft.enter.push(readonlyRoot);
}

function execute(draft: Draft, facts: StartFacts): void {
  if (facts.gate) draft.enter.push({ op: 'barrier', reason: 'gate', gate: draft.suppliedSlot('gate') });
  const { candidates, argv, env } = facts.process;
  draft.enter.push({ op: 'exec', reason: 'application', candidates, argv, env });
}

function connect(draft: Draft, scratch: Slot): void {
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
 * The order is the kernel's: the bounding set needs CAP_SETPCAP, the ids CAP_SETUID; the parent-death signal is cleared
 * by a change of credentials; a filter without no_new_privs needs CAP_SYS_ADMIN, so it comes before the capabilities go
 * and has to allow the calls that follow (Docker's profile does).
 *
 * @param confined set-id programs gain nothing already, and the filter is loaded
 */
function dropPrivileges(draft: Draft, facts: StartFacts, confined = false): void {
  const { uid, gid, groups, capabilities, noNewPrivileges } = facts.process;
  // A user other than root holds no capability, only the bounding set for set-id programs, as in Docker.
  const held = uid === 0 ? capabilitySet(capabilities) : 0n;
  if (!noNewPrivileges) filterCalls(draft, facts);
  draft.enter.push(
    { op: 'ids', reason: 'user and groups', uid, gid, groups },
    { op: 'capabilities', reason: 'capabilities', effective: held, permitted: held, inheritable: 0n, ambient: 0n },
  );
  if (noNewPrivileges && !confined) draft.enter.push(withoutGain);
  if (facts.parentDeath !== 0) {
    draft.enter.push({ op: 'parent-death', reason: 'ends with its starter', signal: facts.parentDeath });
  }
  draft.enter.push({ op: 'close-fds', reason: 'no descriptor of the caller' });
  if (noNewPrivileges && !confined) filterCalls(draft, facts);
}

function filterCalls(draft: Draft, facts: StartFacts): void {
  const program = facts.process.seccomp;
  if (program !== null) draft.enter.push({ op: 'seccomp', reason: 'system call filter', program });
}
