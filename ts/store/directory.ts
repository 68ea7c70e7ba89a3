import { constants, existsSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { quoted } from '../native/files.ts';
import { errorCode } from './system-error.ts';

/** The longest a path of the kernel may be, without its NUL (PATH_MAX). */
const longestPath = 4095;

/** What a directory is for. */
interface Role {
  readonly name: string;
  /** What is in one that has been used. */
  readonly contents: RegExp;
  /** How another one is chosen: where the directory is not the caller's, or cannot be written. */
  readonly another: (uid: number) => string;
}

const roles = {
  store: {
    name: 'store directory',
    contents: /^(layers|volumes)$/,
    another: (uid) =>
      `${uid === 0 ? '' : 'run it as root, or '}choose a directory of your own with --root or ORLOP_ROOT`,
  },
  run: {
    name: 'run directory',
    contents: /^(locks|roots|%2F.*)$/,
    another: (uid) =>
      uid === 0
        ? 'orlop keeps its locks there until the next boot: mount a file system in memory at /run'
        : 'name a directory of your own in XDG_RUNTIME_DIR',
  },
} as const satisfies Record<string, Role>;

/**
 * Makes a directory that only its owner may enter, or checks the one that is there.
 *
 * A store that others can enter lets every user of the host run set-id files out of the layers; one that others own, or
 * that a symlink stands in for, lets them choose what is mounted.
 *
 * @throws RequestError ORLOP_E_STORE
 */
export async function privateDirectory(path: string, kind: keyof typeof roles = 'store'): Promise<void> {
  const role: Role = roles[kind];
  if (path.includes('\0') || Buffer.byteLength(path) > longestPath) {
    throw new RequestError('ORLOP_E_STORE', `${role.name} '${path.slice(0, 80)}' is not a valid path`);
  }
  try {
    // Usually it is there: to look first is quicker than to be told so.
    if (!existsSync(path)) await make(path);
    await verify(path, role);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw explain(path, role, error);
  }
}

async function make(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
}

async function verify(path: string, role: Role): Promise<void> {
  // One descriptor for all checks: a path looked at twice may be two directories.
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = await directory.stat();
    const own = ownUid();
    if (uid !== own) {
      throw new RequestError('ORLOP_E_STORE', `${role.name} '${path}' belongs to uid ${uid}, not to uid ${own}`, {
        hint: role.another(own),
      });
    }
    if ((mode & 0o077) === 0) return;
    const names = await readdir(path);
    if (names.length > 0) throw openToOthers(path, mode, names, role);
    await directory.chmod(0o700);
  } finally {
    await directory.close();
  }
}

/** A directory with other things in it, which may be the host's /etc, is not to be closed to everybody on our word. */
function openToOthers(path: string, mode: number, names: readonly string[], role: Role): RequestError {
  const octal = (mode & 0o7777).toString(8);
  const used = names.some((name) => role.contents.test(name));
  const [what, hint] = used
    ? ['is open to other users', `close it: chmod 700 ${quoted(path)}`]
    : ['is not empty, is none of orlop, and is open to other users', 'choose an empty directory, or a new one'];
  return new RequestError('ORLOP_E_STORE', `${role.name} '${path}' ${what} (mode ${octal})`, { hint });
}

function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

function explain(path: string, role: Role, error: unknown): RequestError {
  const code = errorCode(error);
  const another = role.another(ownUid());
  const facts: Record<string, readonly [string, string | undefined]> = {
    EACCES: ['permission denied', another],
    EPERM: ['not permitted', another],
    ELOOP: ['too many symlinks lead there', 'name the directory itself'],
    ENOTDIR: ['it, or a part of it, is not a directory, or it is a symlink', 'name the directory itself'],
    EROFS: ['the file system is read-only', another],
    ENOSPC: ['no space left on the file system', undefined],
    ENAMETOOLONG: ['a name in it is longer than the file system allows', undefined],
  };
  const [why, hint] = facts[code ?? ''] ?? [code ?? String(error), undefined];
  return new RequestError('ORLOP_E_STORE', `${role.name} '${path}' cannot be used: ${why}`, { hint, cause: error });
}
