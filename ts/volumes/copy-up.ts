import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { removeTree } from '../store/staging.ts';
import { errorCode } from '../store/system-error.ts';

/** What a new volume gets from the image. */
export interface CopyUp {
  /** Opens the image's root filesystem: a directory descriptor, attached nowhere, that the caller closes in the end. */
  readonly view: () => Promise<number>;
  /** Path in the container. */
  readonly target: string;
  /** Whom an empty volume belongs to when the image lacks the target: the application's user. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** The copy while it is made; what a crash leaves of it is removed by the next copy. */
const copyName = '_data.copy';

/**
 * Copies what the image has at the target into the volume's `_data`, complete or not at all: owner, mode and times of
 * the directory itself as well, so that an application without root can write to its volume.
 *
 * The caller holds the volume exclusively, `_data` is empty, and no container has it mounted: the directory is replaced.
 * True when the image has a directory at the target.
 */
export async function copyUp(
  native: Native,
  volumePath: string,
  { view, target, owner }: CopyUp,
  { durable }: { durable: boolean },
): Promise<boolean> {
  const source = await openTarget(native, await view(), target);
  if (source === null) {
    await chown(join(volumePath, '_data'), owner.uid, owner.gid);
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

/** Puts the copy in the place of the empty `_data` in one step. What the host wrote there meanwhile stays. */
async function replaceEmpty(native: Native, volumePath: string, copy: string): Promise<void> {
  try {
    await rename(copy, join(volumePath, '_data'));
  } catch (error) {
    if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
    await removeTree(native, volumePath, copyName);
  }
}

/** The image's directory at the target; null when it has none. A file there is left to the mount, which names it. */
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
 * Whether a copy would change nothing of an empty volume: the image has no directory at the target, and the volume
 * belongs to whom it should.
 */
export async function staysAsItIs(
  native: Native,
  mountpoint: string,
  { view, target, owner }: CopyUp,
): Promise<boolean> {
  const { uid, gid } = await stat(mountpoint);
  if (uid !== owner.uid || gid !== owner.gid) return false;
  const source = await openTarget(native, await view(), target);
  if (source !== null) await native.close(source);
  return source === null;
}

/** Makes the `_data` of a new volume. */
export async function makeData(volumePath: string): Promise<void> {
  const data = join(volumePath, '_data');
  await mkdir(data);
  // Not by mkdir's mode: the caller's umask would take bits away.
  await chmod(data, 0o755);
}
