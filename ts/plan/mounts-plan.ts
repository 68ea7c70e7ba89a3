import { Draft } from './draft.ts';
import type { StartFacts } from './facts.ts';
import { placeMounts } from './layout.ts';
import type { MountName, Plan } from './types.ts';
import { makeUnion } from './union.ts';

/** Mounts that can be prefetched. */
export interface MountsPlan {
  readonly plan: Plan;
  /** Names of the mounts in the plan's slots, in their order. */
  readonly names: readonly MountName[];
}

/**
 * Builds the plan of the mounts that need neither the request nor the container's namespaces: the union, the default
 * mounts that show no namespace, the tmpfs over hidden paths. An opener makes these mounts, and a start with
 * `mountsPrefetched` attaches them. Pure.
 */
export function mountsPlan(facts: StartFacts): MountsPlan {
  const draft = new Draft([], { strategy: 'opener' });
  makeUnion(draft, facts.root);
  const names: MountName[] = ['mount:/'];
  for (const mount of placeMounts(facts)) {
    if (!mount.prefetchable) continue;
    mount.make(draft);
    names.push(`mount:${mount.target}`);
  }
  const { slots, prepare } = draft;
  return { plan: { strategy: 'opener', namespaces: [], supplied: [], slots, prepare, enter: [] }, names };
}
