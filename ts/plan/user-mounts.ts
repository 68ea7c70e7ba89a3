import { attribute } from '../linux/mount-attributes.ts';
import { propagation, sourceType } from './constants.ts';
import type { Draft } from './draft.ts';
import type { BindMount, HiddenPath, TmpfsMount, UserMount } from './facts.ts';
import type { Slot } from './types.ts';
import { showOwners } from './union.ts';

/** Makes a detached mount for the user. */
export function makeUserMount(draft: Draft, mount: UserMount): Slot {
  return mount.kind === 'bind' ? makeBind(draft, mount) : makeTmpfs(draft, mount);
}

function makeBind(draft: Draft, mount: BindMount): Slot {
  const slot = draft.newSlot();
  const { reason, source, device, inode, attributes } = mount;
  const type = sourceType[mount.type];
  const recursive = mount.recursive && mount.type === 'directory' ? 1 : 0;
  draft.prepare.push({ op: 'bind', reason, mount: slot, source, recursive, device, inode, type });
  // A new bind mount is private, so only another propagation has to be set.
  const mode = mount.propagation === undefined || mount.propagation === 'private' ? 0 : propagation[mount.propagation];
  if (attributes !== 0 || mode !== 0) {
    draft.prepare.push({
      op: 'attributes',
      reason,
      mount: slot,
      set: attributes,
      clear: 0,
      recursive,
      propagation: mode,
    });
  }
  if (draft.own !== draft.prepare) showOwners(draft, slot, reason);
  return slot;
}

/** Makes a tmpfs, writable at first even if it is to be read-only: mount points may have to be made in it. */
function makeTmpfs(draft: Draft, mount: TmpfsMount): Slot {
  const slot = draft.newSlot();
  draft.own.push({
    op: 'tmpfs',
    reason: mount.reason,
    mount: slot,
    mode: mount.mode ?? 0o1777,
    size: mount.size ?? 0n,
    inodes: mount.inodes ?? 0n,
    uid: mount.uid ?? 0,
    gid: mount.gid ?? 0,
    attributes: mount.attributes & ~attribute.readonly,
    at: '',
  });
  return slot;
}

/** Reason of the tmpfs over a path of the host. */
export const hiddenReason = 'hidden from the container';

export function makeHidden(draft: Draft, hidden: HiddenPath): Slot {
  const slot = draft.newSlot();
  const attributes = attribute.nosuid | attribute.nodev;
  const { mode } = hidden;
  draft.own.push({
    op: 'tmpfs',
    reason: hiddenReason,
    mount: slot,
    mode,
    size: 0n,
    inodes: 0n,
    uid: 0,
    gid: 0,
    attributes,
    at: '',
  });
  return slot;
}
