/** Numbers of the kernel that appear in a plan. */
import type { Namespace } from './types.ts';

/** Mode of `propagation` and, where 0 leaves it alone, of `attributes`. */
export const propagation = { private: 1, slave: 2, shared: 3 } as const;

/** `options` of `overlay`. */
export const overlayOption = { volatile: 1, userxattr: 2 } as const;

/**
 * `kind` of `attach`: what the mount point is, and what is made where it is missing. No symbolic link leads to a plain
 * directory: what is mounted there will be found by the same path afterwards.
 */
export const mountPoint = { directory: 0, file: 1, 'plain directory': 2 } as const;

/** `type` of `bind`: what its source is; 0 for any. */
export const sourceType = { directory: 1, file: 2 } as const;

/** `CLONE_NEW*` of clone(2). */
export const namespaceFlag: Readonly<Record<Namespace, number>> = {
  mount: 0x0002_0000,
  pid: 0x2000_0000,
  ipc: 0x0800_0000,
  uts: 0x0400_0000,
  cgroup: 0x0200_0000,
  network: 0x4000_0000,
  user: 0x1000_0000,
};
