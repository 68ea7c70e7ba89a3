import { attribute } from '../linux/mount-attributes.ts';
import { overlayOption, sourceType } from './constants.ts';
import type { Draft } from './draft.ts';
import type { RootFacts, UnionPart } from './facts.ts';
import type { Slot } from './types.ts';

export const rootReason = 'root filesystem';

/** Makes the union that becomes the root file system. */
export function makeUnion(draft: Draft, root: RootFacts): Slot {
  return make(draft, root, {
    layers: root.layers,
    upper: root.upper ?? '',
    work: root.work ?? '',
    at: root.mountPoint,
    readOnly: root.upper === null,
  });
}

/** Makes the union of a part of the root file system. */
export function makePart(draft: Draft, root: RootFacts, { target, upper, work }: UnionPart): Slot {
  return make(draft, root, { layers: [target], upper, work, at: '', readOnly: false });
}

/** Binds a part of the root file system read-only, with the mounts below it. */
export function makeBoundPart(draft: Draft, target: string): Slot {
  const mount = draft.newSlot();
  const source = { source: target, recursive: 1, device: 0n, inode: 0n, type: sourceType.directory };
  draft.prepare.push({ op: 'bind', reason: rootReason, mount, ...source });
  const set = attribute.readonly | attribute.nodev;
  draft.prepare.push({ op: 'attributes', reason: rootReason, mount, set, clear: 0, recursive: 1, propagation: 0 });
  return mount;
}

interface Union {
  readonly layers: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly at: string;
  readonly readOnly: boolean;
}

function make(draft: Draft, { volatile, userxattr }: RootFacts, { readOnly, ...union }: Union): Slot {
  const slot = draft.newSlot();
  draft.prepare.push({
    op: 'overlay',
    reason: rootReason,
    mount: slot,
    ...union,
    options: (volatile ? overlayOption.volatile : 0) | (userxattr ? overlayOption.userxattr : 0),
    // With nodev, a device node in a layer cannot be opened, with or without a device cgroup.
    attributes: attribute.nodev | (readOnly ? attribute.readonly : 0),
  });
  return slot;
}
