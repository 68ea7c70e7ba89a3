import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { inside } from '../native/ids.ts';
import { removeTree } from '../store/staging.ts';
import { errorCode } from '../store/system-error.ts';

/** Source and owner of a new volume's content. */
export interface CopyUp {
  /** Opens the image's root filesystem: a descriptor of a detached mount. The caller closes it. */
  readonly view: () => Promise<number>;
  /** Path in the container. */
  readonly target: string;
  /** Owner of an empty volume if the image lacks the target: the application's user. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** Name of the copy in progress. The next copy removes what a crash left of it. */
const copyName = '_data.copy';

/**
 * Copies the image's directory at the target to the volume's `_data`, complete or not at all. Owner, mode and times of
 * the directory are copied too, so that an application without root can write to its volume.
 *
 * The caller holds the volume's lock exclusively, `_data` is empty, and no container has it mounted, because the copy
 * replaces the directory. True if the image has a directory at the target.
 */
export async function copyUp(
  native: Native,
  volumePath: string,
  { view, target, owner }: CopyUp,
  { durable }: { durable: boolean },
): Promise<boolean> {
  const source = await openTarget(native, await view(), target);
  if (source === null) {
    const data = join(volumePath, '_data');
    const { mode } = await stat(data);
    await native.changeLater([['attributes', data, mode & 0o7777, owner.uid, owner.gid]]);
    return false;
  }
  try {
    await removeTree(native, volumePath, copyName);
    const copy = join(volumePath, copyName);
    await mkdir(copy, { mode: 0o700 });
    await fill(native, source, copy, durable);
    await replaceEmpty(native, volumePath, copy);
    return true;
  } finally {
    await native.close(source);
  }
}

/** Replaces the empty `_data` in one step. Keeps `_data` if the host wrote to it meanwhile. */
async function replaceEmpty(native: Native, volumePath: string, copy: string): Promise<void> {
  try {
    await rename(copy, join(volumePath, '_data'));
  } catch (error) {
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    await removeTree(native, volumePath, copyName);
  }
}

/** The image's directory at the target; null if it has none. For a file, the later mount reports the error. */
async function openTarget(native: Native, view: number, target: string): Promise<number | null> {
  try {
    return await native.openInRoot(view, target, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

async function fill(native: Native, source: number, copy: string, durable: boolean): Promise<void> {
  const destination: FileHandle = await open(copy, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await native.copyTree(source, destination.fd);
    if (durable) await native.syncfs(destination.fd);
  } finally {
    await destination.close();
  }
}

/**
 * True if a copy would not change the empty volume: the image has no directory at the target, and the volume has the
 * right owner.
 */
export async function copyWouldChangeNothing(
  native: Native,
  mountpoint: string,
  { view, target, owner }: CopyUp,
): Promise<boolean> {
  const { uid, gid } = await stat(mountpoint);
  const { users, groups } = native.rights;
  if (inside(users, uid) !== owner.uid || inside(groups, gid) !== owner.gid) return false;
  const source = await openTarget(native, await view(), target);
  if (source !== null) await native.close(source);
  return source === null;
}

/** Makes `_data` of a new volume. */
export async function makeData(volumePath: string): Promise<void> {
  const data = join(volumePath, '_data');
  await mkdir(data);
  // chmod, because mkdir is subject to the umask.
  await chmod(data, 0o755);
}
