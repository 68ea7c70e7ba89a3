import { dirname } from 'node:path';
import { attribute } from '../linux/mount-attributes.ts';
import { bindReadonly } from './bind-readonly.ts';
import { overlayOption, sourceType } from './constants.ts';
import type { Draft } from './draft.ts';
import type { RootFacts, UnionPart } from './facts.ts';
import type { Slot } from './types.ts';

export const rootReason = 'root filesystem';

type Layers = Pick<RootFacts, 'layers' | 'upper' | 'work'>;

/** Makes the union that becomes the root file system. */
export function makeUnion(draft: Draft, root: RootFacts, { layers, upper, work }: Layers = root): Slot {
  const union = { layers, upper: upper ?? '', work: work ?? '' };
  return make(draft, root, { ...union, at: root.mountPoint, readOnly: root.upper === null });
}

/**
 * Binds the layers with the owners of the user namespace, in the scratch, where the container init process finds them.
 * The upper directory and the work directory have to be on one mount.
 */
export function placeLayers(draft: Draft, root: RootFacts, scratch: Slot): Layers {
  const place = (source: string, name: string) => {
    const mount = draft.newSlot();
    const reason = rootReason;
    const bound = { source, recursive: 0, device: 0n, inode: 0n, type: sourceType.directory };
    draft.prepare.push({ op: 'bind', reason, mount, ...bound });
    showOwners(draft, mount, reason);
    const at = `${root.mountPoint}/${name}`;
    draft.enter.push(
      { op: 'directory', reason, mount: scratch, name, mode: 0o755 },
      { op: 'place', reason, mount, at },
    );
    return at;
  };
  const layers = root.layers.map((layer, index) => place(layer, `layer${index}`));
  if (root.upper === null || root.work === null) return { layers, upper: null, work: null };
  const own = dirname(root.upper);
  const at = place(own, 'own');
  return { layers, upper: `${at}${root.upper.slice(own.length)}`, work: `${at}${root.work.slice(own.length)}` };
}

/** Shows the owners of a detached mount as IDs of the container's user namespace. Files keep them on the disk. */
export function showOwners(draft: Draft, mount: Slot, reason: string): void {
  draft.prepare.push({ op: 'idmap', reason, mount, range: draft.suppliedSlot('range') });
}

/** Makes the union of a part of the root file system. */
export function makePart(draft: Draft, root: RootFacts, { target, upper, work }: UnionPart): Slot {
  return make(draft, root, { layers: [target], upper, work, at: '', readOnly: false });
}

/** Binds a part of the root file system read-only, with the mounts below it. */
export function makeBoundPart(draft: Draft, target: string): Slot {
  return bindReadonly(draft, { source: target, type: 'directory', reason: rootReason, attributes: attribute.nodev });
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
  draft.own.push({
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
