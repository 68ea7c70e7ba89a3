import { statSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change, Native } from '../native/contract.ts';
import { inside } from '../native/ids.ts';
import { type Marks, marksOf, type Rights, rootRights } from '../native/rights.ts';
import type { LayerDirectory } from '../plan/facts.ts';
import type { RunRequest } from '../request/types.ts';
import { fileNameFor } from '../store/file-name.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';

/** Paths of a container's read-write layer, and of the union in the container's mount namespace. */
export interface LayerPaths {
  readonly upper: string;
  readonly work: string;
  readonly mountPoint: string;
}

/** Pure. */
export function layerPaths(store: Store, layer: string): LayerPaths {
  return { upper: store.diffPath(layer), work: store.workPath(layer), mountPoint: store.mountPoint(layer) };
}

/** Marks in the read-write layer of a container. Pure. */
export function layerMarks(request: Pick<RunRequest, 'userns'>, rights: Pick<Rights, 'userNamespace'>): Marks {
  return hasOwnUsers(request) ? 'user' : marksOf(rights);
}

/** True if the container has a user namespace of its own. An older version recorded none. Pure. */
export function hasOwnUsers({ userns }: Pick<RunRequest, 'userns'>): boolean {
  return typeof userns === 'object';
}

/** Mode and owner of an image's root directory. The upper directory needs them, because the union shows those. */
export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Directories that have unions of their own, and those that hold such, with their modes. */
  readonly parts?: Parts | undefined;
}

interface Parts {
  readonly targets: readonly { readonly target: string; readonly mode: number }[];
  readonly holders: readonly { readonly target: string; readonly mode: number }[];
}

const defaultMode = 0o755;

type Maps = Pick<Rights, 'users' | 'groups'>;

/** @param image directory of the image's uppermost layer; undefined: no layer */
export function rootAttributes(image: string | undefined, { users, groups }: Maps = rootRights): RootAttributes {
  if (image === undefined) return { mode: defaultMode, uid: 0, gid: 0 };
  const { mode, uid, gid } = statSync(image);
  return { mode: mode & 0o7777, uid: inside(users, uid), gid: inside(groups, gid) };
}

/**
 * Gives a layer's upper directory the attributes of an image's root, and its parts their directories. No change for the
 * defaults. Pure.
 */
export function setRootAttributes(path: string, { mode, uid, gid, parts }: RootAttributes): Change[] {
  const changes: Change[] = [];
  if (mode !== defaultMode || uid !== 0 || gid !== 0) changes.push(['attributes', `${path}/diff`, mode, uid, gid]);
  const ofParts = directoriesOfParts(parts).map(({ name, mode }): Change => ['mkdir', `${path}/${name}`, mode]);
  return [...changes, ...ofParts];
}

/** The directories of a read-write layer, as they are made on a disk, parents first. Pure. */
export function layerDirectories({ mode, uid, gid, parts }: RootAttributes): readonly LayerDirectory[] {
  return [{ name: 'diff', mode, uid, gid }, ownDirectory('work', 0o700), ...directoriesOfParts(parts)];
}

function directoriesOfParts(parts: Parts | undefined): readonly LayerDirectory[] {
  if (parts === undefined) return [];
  return [
    ownDirectory(partsWork('work'), 0o700),
    ...[...parts.holders, ...parts.targets].map(({ target, mode }) => ownDirectory(`diff${target}`, mode)),
    ...parts.targets.map(({ target }) => ownDirectory(partWork('work', target), 0o700)),
  ];
}

function ownDirectory(name: string, mode: number): LayerDirectory {
  return { name, mode, uid: 0, gid: 0 };
}

/** The unions of parts, whose upper directories are in that of the root. Pure. */
export function unionParts(
  parts: readonly { readonly target: string }[],
  { upper, work }: Pick<LayerPaths, 'upper' | 'work'>,
) {
  return parts.map(({ target }) => ({ target, upper: `${upper}${target}`, work: partWork(work, target) }));
}

/** Work directory of a part, beside that of the root's union. Pure. */
function partWork(work: string, target: string): string {
  return `${partsWork(work)}/${fileNameFor(target)}`;
}

function partsWork(work: string): string {
  return `${work}-of-parts`;
}

/** Origin of a new container's layer. */
export interface LayerOrigin {
  /** Path of the directory of the prefetched layer; null: the layer is made in place. */
  readonly stagingDirectory: string | null;
  /** The layer is mounted in a prefetched union, and has the attributes of the image's root. */
  readonly mounted: boolean;
}

/** Moves a prefetched layer to its path in the store, or makes one there. Pure. */
export function moveLayer(
  store: Store,
  layer: string,
  { stagingDirectory, mounted }: LayerOrigin,
  root: RootAttributes,
): Change[] {
  const path = store.layerPath(layer);
  return [
    stagingDirectory === null ? ['layer', path] : ['rename', `${stagingDirectory}/${layer}`, path],
    ...(mounted ? [] : setRootAttributes(path, root)),
    ['rename', `${path}/mnt`, store.mountPoint(layer)],
  ];
}

/** Syncs the names that `moveLayer` made: a file system may write a record that is synced, and not these. Pure. */
export function syncLayer(store: Store, layer: string): Change[] {
  return [
    ['sync', store.layerPath(layer)],
    ['sync', store.layersPath],
    ['sync', store.mntPath],
  ];
}

/**
 * Allows another mount of a layer that was mounted `volatile`. The kernel refuses it, because the layer may be
 * incomplete after a crash (Documentation/filesystems/overlayfs.rst, "Volatile mount"). There was no crash: a container
 * with such a layer is removed with its program.
 */
export async function allowRemount(store: Store, layer: string): Promise<void> {
  await allowRemountAt(store.native, store.workPath(layer));
}

/** Allows another mount of a `volatile` layer by the path of its work directory. */
export async function allowRemountAt(native: Native, work: string): Promise<void> {
  await native.changeLater([['remove', join(work, 'work', 'incompat')]]);
}

/** Removes a read-write layer and its mount point, as far as they exist. */
export async function removeLayer(store: Store, layer: string): Promise<void> {
  await store.discard(store.layerPath(layer));
  // Not recursive: files below a mount would not be the container's.
  await rmdir(store.mountPoint(layer)).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
