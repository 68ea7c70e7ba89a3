import { readIfAny } from '../linux/read-if-any.ts';
import { distinct, type Hierarchy } from './hierarchies.ts';
import { makerOf } from './names.ts';
import { hierarchiesOf } from './visible.ts';

/** The cgroups of a running container. */
export interface Joined {
  /** Directory of version 2; undefined: the container has none of its own. */
  readonly second: string | undefined;
  /** Directories of version 1. */
  readonly first: readonly string[];
  /** True if a freezer holds the processes of the container now. */
  isFrozen(): boolean;
}

/** Finds the cgroups that orlop has made for a container, or that are below those: of its application. */
export function groupsOfProcess(pid: number): Joined {
  const all = distinct(hierarchiesOf(pid));
  const own = all.filter(isOfContainer);
  const directories = (version: 1 | 2) =>
    own.flatMap((hierarchy) => (hierarchy.version === version && hierarchy.own !== null ? [hierarchy.own] : []));
  return { second: directories(2)[0], first: directories(1), isFrozen: () => all.some(freezes) };
}

function isOfContainer({ own }: Hierarchy): boolean {
  return own?.split('/').some((name) => makerOf(name) !== null) ?? false;
}

function freezes({ version, controllers, own }: Hierarchy): boolean {
  if (own === null) return false;
  if (version === 2) return /^frozen 1$/m.test(readIfAny(`${own}/cgroup.events`));
  return controllers.includes('freezer') && /^FR/.test(readIfAny(`${own}/freezer.state`));
}
