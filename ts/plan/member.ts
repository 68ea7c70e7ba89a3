import { type AttachedFile, attachFiles, enterContainer, makeContainer, namespacesOf } from './build.ts';
import { mountPoint, propagation } from './constants.ts';
import { Draft } from './draft.ts';
import type { ProcessFacts, StartFacts, UserMount } from './facts.ts';
import { byDepth, parents } from './layout.ts';
import type { Plan, Slot } from './types.ts';
import { makeUserMount } from './user-mounts.ts';

/** The container of a pool that waits for its application, as plans. */
export interface MemberPlan {
  readonly facts: StartFacts;
  /** Executes orlop-init in the container's namespaces. Its one supplied descriptor is the member's socket. */
  readonly boot: Plan;
  /** What orlop-init does at once: all that needs no request, up to the change of the root. */
  readonly prepare: Plan;
  /** Mounts of `prepare` that a volume of a request may hide. */
  readonly files: readonly AttachedFile[];
  readonly scratch: Slot;
}

const streams = ['stdin', 'stdout', 'stderr'] as const;

/**
 * Builds the plans of a container that waits. Pure.
 *
 * @param helper path of orlop-init
 */
export function buildMember(facts: StartFacts, helper: string): MemberPlan {
  // The slots of the streams stay free: what fills them comes with the request.
  const draft = new Draft([], { slots: streams.length });
  // Slaves, because a member may wait for long: what the host mounts meanwhile is to be seen by it, and what the host
  // unmounts is to be free.
  const { files, tree } = makeContainer(draft, facts, propagation.slave);
  const prepare: Plan = {
    strategy: 'in-child',
    namespaces: [],
    supplied: [],
    slots: draft.slots,
    prepare: draft.prepare,
    enter: draft.enter,
  };
  return { facts, boot: bootPlan(facts, helper), prepare, files, scratch: tree };
}

function bootPlan(facts: StartFacts, helper: string): Plan {
  const control: Slot = 0;
  return {
    strategy: 'in-child',
    namespaces: namespacesOf(facts),
    supplied: ['control'],
    slots: 1,
    prepare: [],
    enter: [
      { op: 'session', reason: 'no terminal of the caller' },
      { op: 'stdio', reason: 'nothing but its socket', in: control, out: control, err: control, scratch: null },
      { op: 'signals', reason: 'signals as a program expects them' },
      { op: 'parent-death', reason: 'ends with its starter', signal: facts.parentDeath },
      { op: 'close-fds', reason: 'no descriptor of the caller' },
      { op: 'exec', reason: 'container init process', candidates: [helper], argv: ['orlop-init', 'member'], env: [] },
    ],
  };
}

/** What a request adds to a container that waits. */
export interface ApplicationFacts {
  readonly mounts: readonly UserMount[];
  readonly process: ProcessFacts;
}

/**
 * Builds the plan by which a container that waits becomes an application: its volumes are mounted, while the host is
 * still to be seen, then the root is changed, and so on as in every start. Pure.
 *
 * A mount hides what the member mounted at its target or below it, as it would have replaced it in a start.
 */
export function buildApplication(
  { facts, prepare, files, scratch }: MemberPlan,
  { mounts, process }: ApplicationFacts,
): Plan {
  const draft = new Draft(streams, { slots: prepare.slots });
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
  enterContainer(draft, { ...facts, process }, scratch);
  return {
    strategy: 'in-child',
    namespaces: [],
    supplied: draft.supplied,
    slots: draft.slots,
    prepare: draft.prepare,
    enter: draft.enter,
  };
}
