import { statSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change } from '../native/contract.ts';
import type { Store } from '../store/store.ts';
import { errorCode } from '../store/system-error.ts';

/** Where a container's read-write layer lies, and where the union is mounted in the container's mount namespace. */
export interface LayerPaths {
  readonly upper: string;
  readonly work: string;
  readonly mountPoint: string;
}

/** Paths of a read-write layer. Pure. */
export function layerPaths(store: Store, layer: string): LayerPaths {
  return { upper: store.diffPath(layer), work: store.workPath(layer), mountPoint: store.mountPoint(layer) };
}

/** Mode and owner of the root directory of an image: the union shows those of the upper directory. */
export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const defaultMode = 0o755;

/** @param image directory of the image's uppermost layer; undefined: it has none */
export function rootAttributes(image: string | undefined): RootAttributes {
  if (image === undefined) return { mode: defaultMode, uid: 0, gid: 0 };
  const { mode, uid, gid } = statSync(image);
  return { mode: mode & 0o7777, uid, gid };
}

/** Gives the upper directory of a layer the attributes of an image's root; nothing where it has them. Pure. */
export function dressLayer(path: string, { mode, uid, gid }: RootAttributes): Change[] {
  if (mode === defaultMode && uid === 0 && gid === 0) return [];
  return [['attributes', `${path}/diff`, mode, uid, gid]];
}

/** Where the layer of a new container comes from. */
export interface LayerOrigin {
  /** Directory that it was made in ahead; null: it is made in its place. */
  readonly shelf: string | null;
  /** A union shows it already, so that it has the attributes of the image's root. */
  readonly mounted: boolean;
}

/** Puts a layer into its place. Pure. */
export function placeLayer(
  store: Store,
  layer: string,
  { shelf, mounted }: LayerOrigin,
  root: RootAttributes,
): Change[] {
  const path = store.layerPath(layer);
  return [
    shelf === null ? ['layer', path] : ['rename', `${shelf}/${layer}`, path],
    ...(mounted ? [] : dressLayer(path, root)),
    ['rename', `${path}/mnt`, store.mountPoint(layer)],
  ];
}

/**
 * Lets a layer be mounted again that was mounted `volatile` before: the kernel refuses that, because after a crash the
 * layer may not be whole (Documentation/filesystems/overlayfs.rst, "Volatile mount"). There was none: such a container
 * ends with its program.
 */
export async function allowRemount(store: Store, layer: string): Promise<void> {
  await allowRemountAt(store.workPath(layer));
}

/** The same, by the path of its work directory. */
export async function allowRemountAt(work: string): Promise<void> {
  await rm(join(work, 'work', 'incompat'), { recursive: true, force: true });
}

/** Removes a read-write layer and its mount point, as far as they are there. */
export async function removeLayer(store: Store, layer: string): Promise<void> {
  await store.discard(store.layerPath(layer));
  // Never recursively: should anything be mounted there, it is not ours to remove.
  await rmdir(store.mountPoint(layer)).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
