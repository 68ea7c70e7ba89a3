import { setParameters } from './build.ts';
import { Draft } from './draft.ts';
import type { Sysctl } from './facts.ts';
import type { Plan } from './types.ts';

/** Parameters of the network namespace, which a start need not set in one that was made ahead. */
export function isOfNetwork({ name }: Sysctl): boolean {
  return name.startsWith('net.');
}

/** What is done in a network namespace that is made ahead; the rest of `sysctls` is the start's. Pure. */
export function networkPlan(sysctls: readonly Sysctl[]): Plan {
  const draft = new Draft([], {});
  draft.enter.push({ op: 'loopback', reason: 'loopback network' });
  setParameters(draft, sysctls.filter(isOfNetwork), null);
  return { strategy: 'in-child', namespaces: [], supplied: [], slots: 0, prepare: draft.prepare, enter: draft.enter };
}
