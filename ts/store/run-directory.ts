import { existsSync } from 'node:fs';
import { lstat, readdir, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Native } from '../native/contract.ts';
import { type Lock, tryLock, waitForLock } from './lock.ts';
import { removeTree } from './staging.ts';
import { errorCode } from './system-error.ts';

/** How many directories of other stores are looked at when a new one is made: no start pays for all of them. */
const looksAt = 16;

/**
 * Says that a store is open, for as long as the lock is held, and whose run directory this is: a link `root` leads to the
 * store. Removes run directories beside it whose stores are gone, a few at a time: temporary stores would fill /run.
 *
 * @param directory run directory of the store, one of many in its parent
 * @param root of the store; it exists already, so that nobody takes the directory for an abandoned one
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
  // Usually it is there: to look first is quicker than to be told so.
  if (existsSync(link)) return false;
  try {
    await symlink(root, link);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

async function sweep(native: Native, parent: string, own: string): Promise<void> {
  const names = await readdir(parent);
  const from = Math.floor(Math.random() * names.length);
  const some = [...names.slice(from), ...names.slice(0, from)].slice(0, looksAt);
  await Promise.all(some.filter((name) => name !== own).map((name) => removeAbandoned(native, parent, name)));
}

/** What cannot be removed stays: it is the next one's. */
async function removeAbandoned(native: Native, parent: string, name: string): Promise<void> {
  const directory = join(parent, name);
  const root = await readlink(join(directory, 'root')).catch(() => null);
  if (root === null || !(await isGone(root))) return;
  // A store that is open may be one that only its users' mount namespace shows.
  const lock = tryLock(native, lockFile(directory), 'exclusive');
  if (lock === null) return;
  try {
    const containers = await readdir(join(directory, 'containers'));
    // Looked at again under the lock: whoever opens the store makes its root first.
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
