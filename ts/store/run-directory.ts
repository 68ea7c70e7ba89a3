import { existsSync } from 'node:fs';
import { lstat, readdir, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { type Lock, tryLock, waitForLock } from './lock.ts';
import { removeTree } from './staging.ts';
import { errorCode } from './system-error.ts';

/** Number of other stores' directories to inspect when a new one is made. It bounds the time of a start. */
const maxInspected = 16;

/**
 * Marks a store as open while the lock is held, and links `root` in its run directory to the store. Removes some run
 * directories beside it whose stores are gone: temporary stores would fill /run.
 *
 * @param directory run directory of the store, one of many in its parent
 * @param root existing directory of the store, so that other processes do not take the run directory for abandoned
 */
export async function occupyRunDirectory(native: Native, directory: string, root: string): Promise<Lock> {
  const lock = await waitForLock(native, lockFile(directory), 'shared', `store ${root}`);
  if (await isFirst(directory, root)) await sweep(native, dirname(directory), basename(directory));
  return lock;
}

function lockFile(directory: string): string {
  return join(directory, 'locks', 'open.lock');
}

async function isFirst(directory: string, root: string): Promise<boolean> {
  const link = join(directory, 'root');
  // The link usually exists: existsSync is faster than a failing symlink.
  if (existsSync(link)) return false;
  try {
    await symlink(root, link);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function sweep(native: Native, parent: string, ownName: string): Promise<void> {
  const names = await readdir(parent);
  const from = Math.floor(Math.random() * names.length);
  const some = [...names.slice(from), ...names.slice(0, from)].slice(0, maxInspected);
  await Promise.all(some.filter((name) => name !== ownName).map((name) => removeAbandoned(native, parent, name)));
}

/** Keeps a directory that it cannot remove; the next sweep tries again. */
async function removeAbandoned(native: Native, parent: string, name: string): Promise<void> {
  const directory = join(parent, name);
  const root = await readlink(join(directory, 'root')).catch(() => null);
  if (root === null || !(await isGone(root))) return;
  // A lock means that the store is open: its root may exist only in the mount namespace of its users.
  const lock = tryLock(native, lockFile(directory), 'exclusive');
  if (lock === null) return;
  try {
    const containers = await readdir(join(directory, 'containers'));
    // Check again under the lock: a program that opens a store makes its root first.
    if (containers.length === 0 && (await isGone(root))) await removeTree(native, parent, name);
  } catch {
  } finally {
    await lock.release();
  }
}

async function isGone(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => errorCode(error) === 'ENOENT',
  );
}
