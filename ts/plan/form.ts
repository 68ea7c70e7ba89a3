import { emptyMountPoint } from '../native/contract.ts';
import type { StartFacts } from './facts.ts';
import { isOfNetwork } from './network.ts';
import type { Strategy, TreeName } from './types.ts';

/** Who makes the mounts of a start, and what is supplied to it that was prefetched. */
export interface PlanForm {
  readonly strategy: Strategy;
  /** A network namespace. */
  readonly network: boolean;
  /** Detached mounts; null for none. */
  readonly mounts: readonly TreeName[] | null;
}

/** The facts of a start in one of its forms. Pure. */
export function inForm(facts: StartFacts, { strategy, network, mounts }: PlanForm): StartFacts {
  const { root, sysctls } = facts;
  return {
    ...facts,
    strategy,
    networkReady: network,
    treesReady: mounts ?? undefined,
    root: strategy === 'opener' ? { ...root, mountPoint: emptyMountPoint } : root,
    sysctls: network ? sysctls.filter((sysctl) => !isOfNetwork(sysctl)) : sysctls,
  };
}
