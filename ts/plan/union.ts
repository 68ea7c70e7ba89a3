import { basename, dirname } from 'node:path';
import { attribute } from '../linux/mount-attributes.ts';
import { bindReadonly } from './bind-readonly.ts';
import { overlayOption, sourceType } from './constants.ts';
import type { Draft } from './draft.ts';
import type { LayerDirectory, RootFacts, UnionPart } from './facts.ts';
import type { Slot } from './types.ts';

export const rootReason = 'root filesystem';

type Layers = Pick<RootFacts, 'layers' | 'upper' | 'work'>;

/** Name in the scratch of the directory that holds the read-write layer. */
const own = 'own';

/** Puts the read-write layer into memory: a tmpfs in the scratch, where the container init process finds it. */
export function makeLayerInMemory(draft: Draft, root: RootFacts, scratch: Slot): RootFacts {
  const { memory, upper, work, mountPoint } = root;
  if (memory === undefined || upper === null || work === null) return root;
  const mount = draft.newSlot();
  const reason = 'read-write layer in memory';
  const at = `${mountPoint}/${own}`;
  const { size, inodes } = memory;
  const { nodev } = attribute;
  draft.own.push(
    { op: 'directory', reason, mount: scratch, name: own, mode: 0o700, uid: 0, gid: 0, directory: null },
    { op: 'tmpfs', reason, mount, mode: 0o700, size, inodes, uid: 0, gid: 0, attributes: nodev, at },
  );
  makeDirectories(draft, mount, memory.directories, reason);
  const inMemory = (path: string) => `${at}${path.slice(dirname(upper).length)}`;
  const parts = root.parts?.map((part) => ({ ...part, upper: inMemory(part.upper), work: inMemory(part.work) }));
  return { ...root, upper: inMemory(upper), work: inMemory(work), parts };
}

/** Makes the union that becomes the root file system. */
export function makeUnion(draft: Draft, root: RootFacts, { layers, upper, work }: Layers = root): Slot {
  const union = { layers, upper: upper ?? '', work: work ?? '' };
  return make(draft, root, { ...union, at: root.mountPoint, readOnly: root.upper === null });
}

/** Makes directories in a mount. Each is made in the one above, because no operation takes a path. */
function makeDirectories(draft: Draft, mount: Slot, directories: readonly LayerDirectory[], reason: string): void {
  const holders = new Set(directories.map(({ name }) => dirname(name)));
  const made = new Map<string, Slot>([['.', mount]]);
  for (const { name, ...owned } of directories) {
    const directory = holders.has(name) ? draft.newSlot() : null;
    if (directory !== null) made.set(name, directory);
    const parent = made.get(dirname(name)) ?? mount;
    draft.own.push({ op: 'directory', reason, mount: parent, name: basename(name), ...owned, directory });
  }
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
      { op: 'directory', reason, mount: scratch, name, mode: 0o755, uid: 0, gid: 0, directory: null },
      { op: 'place', reason, mount, at },
    );
    return at;
  };
  const layers = root.layers.map((layer, index) => place(layer, `layer${index}`));
  const { upper, work, memory } = root;
  if (upper === null || work === null || memory !== undefined) return { layers, upper, work };
  const layer = dirname(upper);
  const at = place(layer, own);
  return { layers, upper: `${at}${upper.slice(layer.length)}`, work: `${at}${work.slice(layer.length)}` };
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
