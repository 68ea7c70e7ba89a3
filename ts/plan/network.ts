import { setParameters } from './build.ts';
import { Draft } from './draft.ts';
import type { Sysctl } from './facts.ts';
import type { Plan } from './types.ts';

/** True for a parameter of the network namespace. A prefetched one has it set already. */
export function isOfNetwork({ name }: Sysctl): boolean {
  return /^net[./]/.test(name);
}

/** Builds the plan of a prefetched network namespace. The start sets the other `sysctls`. Pure. */
export function networkPlan(sysctls: readonly Sysctl[]): Plan {
  const draft = new Draft([], {});
  draft.enter.push({ op: 'loopback', reason: 'loopback network' });
  setParameters(draft, sysctls.filter(isOfNetwork), null);
  return { strategy: 'in-child', namespaces: [], supplied: [], slots: 0, prepare: draft.prepare, enter: draft.enter };
}
