import { chmod, chown, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

/**
 * Makes a read-write layer.
 *
 * @param image directory of the image's uppermost layer: the union shows owner and mode of `/` from the read-write layer
 */
export async function makeLayer(store: Store, layer: string, image: string | undefined): Promise<LayerPaths> {
  const paths = layerPaths(store, layer);
  const root = image === undefined ? null : await stat(image);
  await mkdir(store.layerPath(layer), { mode: 0o700 });
  await Promise.all([mkdir(paths.upper), mkdir(paths.work, { mode: 0o700 }), mkdir(paths.mountPoint, { mode: 0o700 })]);
  if (root !== null) await chown(paths.upper, root.uid, root.gid);
  // Not by mkdir's mode: the caller's umask would take bits away.
  await chmod(paths.upper, (root?.mode ?? 0o755) & 0o7777);
  return paths;
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
