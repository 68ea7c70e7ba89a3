import { bootOrlopInit } from './boot.ts';
import { defaultFiles, makeContainer, namespacesOf } from './build.ts';
import { mountPoint, namespaceFlag } from './constants.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from './defaults.ts';
import { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts, UserMount } from './facts.ts';
import { byDepth, parents } from './layout.ts';
import { awaitApplication, completeRoot, leaveWaiting } from './process.ts';
import type { Plan, Slot } from './types.ts';
import { makeUserMount } from './user-mounts.ts';

/**
 * Plans of a waiting container. An opener makes their mounts, because the container's process never sees the host.
 */
export interface WaitingPlans {
  readonly facts: StartFacts;
  /** Executes orlop-init in the container's namespaces. Supplied are the container's socket and the file. */
  readonly boot: Plan;
  /** All operations that need no request, up to the change of the root. */
  readonly prepare: Plan;
  /** Slot of the scratch mount. */
  readonly scratch: Slot;
}

const supplied = ['stdin', 'stdout', 'stderr', 'container'] as const;
const strategy = 'opener';

/** Builds the plans of a waiting container. Pure. */
export function buildWaiting(given: StartFacts): WaitingPlans {
  const facts = { ...given, strategy } as const;
  // These slots stay free for the descriptors of a request.
  const draft = new Draft([], { strategy, slots: supplied.length });
  const { mount } = makeContainer(draft, facts);
  awaitApplication(draft, facts);
  return { facts, boot: bootPlan(facts), prepare: planOf(draft), scratch: mount };
}

function planOf({ supplied, slots, prepare, enter }: Draft): Plan {
  return { strategy, namespaces: [], supplied, slots, prepare, enter };
}

function bootPlan(facts: StartFacts): Plan {
  const { parentDeath } = facts;
  return bootOrlopInit('wait', { strategy, parentDeath, oomScore: null, namespaces: namespacesOf(facts) });
}

/** Facts that a request adds to a waiting container. */
export interface ApplicationFacts {
  readonly mounts: readonly UserMount[];
  readonly process: ProcessFacts;
}

/**
 * Builds the plan by which a waiting container becomes an application. A thread of the program opens the volumes, joins
 * the container's mount namespace and attaches them. The container's process, which may have its filter already, only
 * changes itself. Pure.
 *
 * A mount hides the container's mounts at its target or below it. In a start it would replace them.
 */
export function buildApplication(
  { facts: waiting, prepare, scratch }: WaitingPlans,
  { mounts, process }: ApplicationFacts,
): Plan {
  const facts = { ...waiting, process };
  const draft = new Draft(supplied, { strategy, slots: prepare.slots });
  attachMounts(draft, mounts, facts.root.readOnly);
  completeRoot(draft, facts);
  leaveWaiting(draft, facts, scratch);
  return planOf(draft);
}

function attachMounts(draft: Draft, mounts: readonly UserMount[], completed: boolean): void {
  const made = mounts.map((mount) => ({ mount, target: mount.target, slot: makeUserMount(draft, mount) }));
  if (mounts.length > 0 || completed) {
    const namespace = draft.suppliedSlot('container');
    draft.prepare.push({ op: 'join', reason: 'mounts of the container', namespace, kind: namespaceFlag.mount });
  }
  for (const { mount, target, slot } of byDepth(made)) {
    const { reason } = mount;
    const kind = mountPoint[mount.kind === 'bind' ? mount.type : 'directory'];
    draft.prepare.push({ op: 'attach', reason, mount: slot, target, kind, create: 1 });
  }
}

/**
 * True if a mount would hide the files of `/etc` or a mask. In a start these are attached after all mounts, but a
 * waiting container has them already. Pure.
 */
export function belongBelow(mounts: readonly { readonly target: string }[]): boolean {
  return mounts.some(({ target }) => aboveFiles.has(target) || protectedTops.has(top(target)));
}

/** `/sys/firmware` → `/sys`. */
function top(path: string): string {
  return `/${path.split('/')[1]}`;
}

const aboveFiles: ReadonlySet<string> = new Set(defaultFiles.flatMap(parents));
/** Top directories with masked or read-only paths. */
const protectedTops: ReadonlySet<string> = new Set([...defaultMaskedPaths, ...defaultReadonlyPaths].map(top));
