import { namespaceFlag } from './constants.ts';
import { Draft } from './draft.ts';
import { becomeFurther, type FurtherFacts } from './process.ts';
import type { Namespace, Plan } from './types.ts';

/** Facts of a further process of a running container. */
export interface ExecFacts extends FurtherFacts {
  /** Namespaces of the container. */
  readonly namespaces: readonly Namespace[];
  /** Profile of AppArmor; null: that of the caller. */
  readonly appArmor: string | null;
}

/**
 * The kernel requires this order. Only in its user namespace does an ordinary user have power over the others, and the
 * mount namespace brings another root directory. The PID namespace is only for the child that `fork` makes.
 */
const order: readonly Namespace[] = ['user', 'ipc', 'uts', 'network', 'cgroup', 'pid', 'mount'];

/**
 * Builds the plan of a further process of a running container. orlop-init executes it, and becomes the command. All
 * restrictions but the filter are taken on before the fork, which makes the process visible in the container. Pure.
 */
export function buildExec(facts: ExecFacts): Plan {
  const strategy = 'in-child';
  const draft = new Draft(['stdin', 'stdout', 'stderr'], { strategy });
  // Before the restrictions, which forbid another profile. In the caller's `/proc`, not in that of the container.
  if (facts.appArmor !== null) {
    const proc = draft.newSlot();
    draft.enter.push({ op: 'apparmor', reason: 'mandatory access control', proc, profile: facts.appArmor });
  }
  for (const name of order) {
    if (!facts.namespaces.includes(name)) continue;
    const namespace = draft.newSlot();
    draft.enter.push({
      op: 'join',
      reason: `${name} namespace of the container`,
      namespace,
      kind: namespaceFlag[name],
    });
  }
  becomeFurther(draft, facts);
  const { supplied, slots, prepare, enter } = draft;
  return { strategy, namespaces: [], supplied, slots, prepare, enter };
}
