import { makeUnion } from './build.ts';
import { Draft } from './draft.ts';
import type { StartFacts } from './facts.ts';
import { placeMounts } from './layout.ts';
import type { Plan, TreeName } from './types.ts';

/** Trees that can be made before somebody asks for the start. */
export interface MountsPlan {
  readonly plan: Plan;
  /** What is in its slots, in their order. */
  readonly names: readonly TreeName[];
}

/**
 * The part of a start that needs neither its request nor the container's namespaces: the union, the default mounts that
 * show nothing of a namespace, what the image hides. An opener makes these trees, and a start with `treesReady` attaches
 * them. Pure.
 */
export function mountsPlan(facts: StartFacts): MountsPlan {
  const draft = new Draft([], { strategy: 'opener' });
  makeUnion(draft, facts.root);
  const names: TreeName[] = ['tree:/'];
  for (const mount of placeMounts(facts)) {
    if (!mount.ahead) continue;
    mount.make(draft);
    names.push(`tree:${mount.target}`);
  }
  const { slots, prepare } = draft;
  return { plan: { strategy: 'opener', namespaces: [], supplied: [], slots, prepare, enter: [] }, names };
}
