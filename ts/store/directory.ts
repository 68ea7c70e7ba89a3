import { constants, existsSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { errorCode } from './system-error.ts';

/** The longest a path of the kernel may be, without its NUL (PATH_MAX). */
const longestPath = 4095;

/**
 * Makes a directory that only its owner may enter, or checks the one that is there.
 *
 * A store that others can enter lets every user of the host run set-id files out of the layers; one that others own, or
 * that a symlink stands in for, lets them choose what is mounted.
 *
 * @throws RequestError ORLOP_E_STORE
 */
export async function privateDirectory(path: string): Promise<void> {
  if (path.includes('\0') || Buffer.byteLength(path) > longestPath) {
    throw new RequestError('ORLOP_E_STORE', `store directory '${path.slice(0, 80)}' is not a valid path`);
  }
  try {
    // Usually it is there: to look first is quicker than to be told so.
    if (!existsSync(path)) await make(path);
    await verify(path);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw explain(path, error);
  }
}

async function make(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
}

async function verify(path: string): Promise<void> {
  // One descriptor for all checks: a path looked at twice may be two directories.
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = await directory.stat();
    const own = process.geteuid?.() ?? 0;
    if (uid !== own) {
      throw new RequestError('ORLOP_E_STORE', `store directory '${path}' belongs to uid ${uid}, not to uid ${own}`, {
        hint: 'use a directory of your own with --root or ORLOP_ROOT',
      });
    }
    if ((mode & 0o077) === 0) return;
    if ((await readdir(path)).length > 0) {
      const octal = (mode & 0o7777).toString(8);
      throw new RequestError('ORLOP_E_STORE', `store directory '${path}' is open to other users (mode ${octal})`, {
        hint: `if it is a store of orlop, close it: chmod 700 ${path}`,
      });
    }
    await directory.chmod(0o700);
  } finally {
    await directory.close();
  }
}

function explain(path: string, error: unknown): RequestError {
  const code = errorCode(error);
  const facts: Record<string, readonly [string, string | undefined]> = {
    EACCES: ['permission denied', 'run it as root, or choose a directory of your own with --root or ORLOP_ROOT'],
    EPERM: ['not permitted', 'run it as root, or choose a directory of your own with --root or ORLOP_ROOT'],
    ELOOP: ['it is a symlink', 'name the directory itself'],
    ENOTDIR: ['it, or a part of it, is not a directory', 'name a directory'],
    EROFS: ['the file system is read-only', 'choose another directory with --root or ORLOP_ROOT'],
    ENOSPC: ['no space left on the file system', undefined],
    ENAMETOOLONG: ['a name in it is longer than the file system allows', undefined],
  };
  const [why, hint] = facts[code ?? ''] ?? [code ?? String(error), undefined];
  return new RequestError('ORLOP_E_STORE', `store directory '${path}' cannot be used: ${why}`, { hint, cause: error });
}
