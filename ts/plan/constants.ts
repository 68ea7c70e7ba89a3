import type { Namespace } from './types.ts';

/** Mode of `propagation`, and of `attributes`, where 0 means no change. */
export const propagation = { private: 1, slave: 2, shared: 3 } as const;

/** `options` of `overlay`. */
export const overlayOption = { volatile: 1, userxattr: 2 } as const;

/**
 * `kind` of `attach`: kind of the mount point, made if it is missing. No symbolic link is followed to a plain
 * directory, so that its path leads to the mount afterwards. A file of /proc is one that a mount may cover, see
 * `replaceableProc`.
 */
export const mountPoint = { directory: 0, file: 1, 'plain directory': 2, 'file of /proc': 3 } as const;

/** `type` of `bind`: kind of the source; 0: any. */
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

/** Types of device files in a mode, inode(7). */
export const fileType = { mask: 0o170000, character: 0o020000, block: 0o060000 } as const;
