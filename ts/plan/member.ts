import { defaultFiles, makeContainer, namespacesOf } from './build.ts';
import { mountPoint, namespaceFlag } from './constants.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from './defaults.ts';
import { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts, UserMount } from './facts.ts';
import { byDepth, parents } from './layout.ts';
import { awaitApplication, completeRoot, leaveWaiting, startWaiting } from './process.ts';
import type { Plan, Slot } from './types.ts';
import { makeUserMount } from './user-mounts.ts';

/**
 * The container of a pool that waits for its application, as plans. All of them have an opener, for the member sees
 * nothing of the host.
 */
export interface MemberPlan {
  readonly facts: StartFacts;
  /** Executes orlop-init in the container's namespaces. Its supplied descriptors are the member's socket, and the file. */
  readonly boot: Plan;
  /** What is done at once: all that needs no request, with the change of the root. */
  readonly prepare: Plan;
  readonly scratch: Slot;
}

const supplied = ['stdin', 'stdout', 'stderr', 'container'] as const;
const strategy = 'opener';

/** Builds the plans of a container that waits. Pure. */
export function buildMember(given: StartFacts): MemberPlan {
  const facts = { ...given, strategy } as const;
  // These slots stay free: what fills them comes with the request.
  const draft = new Draft([], { strategy, slots: supplied.length });
  const { tree } = makeContainer(draft, facts);
  awaitApplication(draft, facts);
  return { facts, boot: bootPlan(facts), prepare: planOf(draft), scratch: tree };
}

function planOf({ supplied, slots, prepare, enter }: Draft): Plan {
  return { strategy, namespaces: [], supplied, slots, prepare, enter };
}

function bootPlan(facts: StartFacts): Plan {
  const draft = new Draft(['control', 'program'], { strategy });
  const control = draft.suppliedSlot('control');
  draft.enter.push(
    ...startWaiting,
    { op: 'stdio', reason: 'nothing but its socket', in: control, out: control, err: control, scratch: null },
    { op: 'parent-death', reason: 'ends with its starter', signal: facts.parentDeath },
    { op: 'close-fds', reason: 'no descriptor of the caller' },
    {
      op: 'exec-file',
      reason: 'container init process',
      file: draft.suppliedSlot('program'),
      argv: ['orlop-init', 'member'],
    },
  );
  return { ...planOf(draft), namespaces: namespacesOf(facts) };
}

/** What a request adds to a container that waits. */
export interface ApplicationFacts {
  readonly mounts: readonly UserMount[];
  readonly process: ProcessFacts;
}

/**
 * Builds the plan by which a container that waits becomes an application. Its volumes are opened by the program, which
 * then joins the container's mount namespace and puts them into their places: of the member, which may be under its
 * filter already, nothing is left to do but what is of the process. Pure.
 *
 * A mount hides what the member mounted at its target or below it, as it would have replaced it in a start.
 */
export function buildApplication(
  { facts: waiting, prepare, scratch }: MemberPlan,
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
  const trees = mounts.map((mount) => ({ mount, target: mount.target, tree: makeUserMount(draft, mount) }));
  if (mounts.length > 0 || completed) {
    const namespace = draft.suppliedSlot('container');
    draft.prepare.push({ op: 'join', reason: 'mounts of the container', namespace, kind: namespaceFlag.mount });
  }
  for (const { mount, target, tree } of byDepth(trees)) {
    const { reason } = mount;
    const kind = mountPoint[mount.kind === 'bind' ? mount.type : 'directory'];
    draft.prepare.push({ op: 'attach', reason, tree, target, kind, create: 1 });
  }
}

/**
 * Whether a mount has to lie below what the member has mounted already. In a start the files of `/etc` and what masks
 * paths come after all mounts, so that a volume does not hide them. Pure.
 */
export function belongBelow(mounts: readonly { readonly target: string }[]): boolean {
  return mounts.some(({ target }) => aboveFiles.has(target) || protectedTrees.has(top(target)));
}

/** `/sys/firmware` → `/sys`. */
function top(path: string): string {
  return `/${path.split('/')[1]}`;
}

const aboveFiles: ReadonlySet<string> = new Set(defaultFiles.flatMap(parents));
/** With paths that are masked or read-only. */
const protectedTrees: ReadonlySet<string> = new Set([...defaultMaskedPaths, ...defaultReadonlyPaths].map(top));
