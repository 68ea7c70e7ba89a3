import { emptyMountPoint } from '../native/contract.ts';
import { defaultSysctls } from './defaults.ts';
import type { StartFacts, Sysctl } from './facts.ts';
import type { MountName, Strategy } from './types.ts';

/** Form of a plan: the process that makes the mounts, and the prefetched parts. */
export interface PlanForm {
  readonly strategy: Strategy;
  /** A network namespace is prefetched. */
  readonly network: boolean;
  /** Names of the prefetched mounts; null: none. */
  readonly mounts: readonly MountName[] | null;
}

/** The facts of a start in one of its forms. Pure. */
export function inForm(facts: StartFacts, { strategy, network, mounts }: PlanForm): StartFacts {
  const { root, sysctls } = facts;
  return {
    ...facts,
    strategy,
    networkPrefetched: network,
    mountsPrefetched: mounts ?? undefined,
    root: strategy === 'opener' ? { ...root, mountPoint: emptyMountPoint } : root,
    sysctls: network ? sysctls.filter((sysctl) => !isSetAhead(sysctl)) : sysctls,
  };
}

/** True for a parameter that a prefetched network namespace has: it is made before the request is known. */
function isSetAhead({ name, value }: Sysctl): boolean {
  return defaultSysctls('none').some((one) => one.name === name && one.value === value);
}
