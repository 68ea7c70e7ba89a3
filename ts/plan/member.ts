import { type AttachedFile, attachFiles, makeContainer, namespacesOf } from './build.ts';
import { mountPoint } from './constants.ts';
import { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts, UserMount } from './facts.ts';
import { byDepth, parents } from './layout.ts';
import { awaitApplication, leaveWaiting, startWaiting } from './process.ts';
import type { Plan, Slot } from './types.ts';
import { makeUserMount } from './user-mounts.ts';

/**
 * The container of a pool that waits for its application, as plans. All of them have an opener: the member sees nothing
 * of the host, so the program makes the trees, and they come to it as descriptors.
 */
export interface MemberPlan {
  readonly facts: StartFacts;
  /** Executes orlop-init in the container's namespaces. Its supplied descriptors are the member's socket, and the file. */
  readonly boot: Plan;
  /** What is done at once: all that needs no request, with the change of the root. */
  readonly prepare: Plan;
  /** Mounts of `prepare` that a volume of a request may hide. */
  readonly files: readonly AttachedFile[];
  readonly scratch: Slot;
}

const streams = ['stdin', 'stdout', 'stderr'] as const;
const strategy = 'opener';

/** Builds the plans of a container that waits. Pure. */
export function buildMember(given: StartFacts): MemberPlan {
  const facts = { ...given, strategy } as const;
  // The slots of the streams stay free: what fills them comes with the request.
  const draft = new Draft([], { strategy, slots: streams.length });
  const { files, tree } = makeContainer(draft, facts);
  awaitApplication(draft, facts);
  return { facts, boot: bootPlan(facts), prepare: planOf(draft), files, scratch: tree };
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
 * Builds the plan by which a container that waits becomes an application: its volumes are opened, come to it and are
 * attached in its root, and it goes on as every start does. Pure.
 *
 * A mount hides what the member mounted at its target or below it, as it would have replaced it in a start.
 */
export function buildApplication(
  { facts, prepare, files, scratch }: MemberPlan,
  { mounts, process }: ApplicationFacts,
): Plan {
  const draft = new Draft(streams, { strategy, slots: prepare.slots });
  const trees = mounts.map((mount) => ({ mount, target: mount.target, tree: makeUserMount(draft, mount) }));
  for (const { mount, target, tree } of byDepth(trees)) {
    const { reason } = mount;
    const kind = mountPoint[mount.kind === 'bind' ? mount.type : 'directory'];
    draft.enter.push({ op: 'attach', reason, tree, target, kind, create: 1 });
  }
  const targets = new Set(mounts.map(({ target }) => target));
  // A volume on /etc does not hide them, as in every start: they move up.
  attachFiles(
    draft,
    files.filter(({ target }) => !targets.has(target) && parents(target).some((parent) => targets.has(parent))),
  );
  leaveWaiting(draft, { ...facts, process }, scratch);
  return planOf(draft);
}
