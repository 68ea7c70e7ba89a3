import { constants, existsSync, realpathSync, statSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { quoted } from '../native/files.ts';
import { errorCode } from './system-error.ts';

/** Maximum bytes of a path without its NUL (PATH_MAX). */
const maxPathBytes = 4095;

/** Use of a directory. */
interface Role {
  readonly name: string;
  /** Names in a directory that has been used. */
  readonly contents: RegExp;
  /** Hint for choosing another directory, if this one belongs to another user or cannot be written. */
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
 * Makes a directory that only its owner may enter, or checks an existing one.
 *
 * If other users could enter a store, they could run set-id files from its layers. If another user owned the store or a
 * directory above it, or could replace it, that user could choose what is mounted.
 *
 * @throws RequestError ORLOP_E_STORE
 */
export async function privateDirectory(path: string, kind: keyof typeof roles = 'store'): Promise<void> {
  const role: Role = roles[kind];
  if (path.includes('\0') || Buffer.byteLength(path) > maxPathBytes) {
    throw new RequestError('ORLOP_E_STORE', `${role.name} '${path.slice(0, 80)}' is not a valid path`);
  }
  try {
    // The directory usually exists: existsSync is faster than a failing mkdir.
    if (!existsSync(path)) await make(path);
    await verify(path, role);
    verifyParents(realpathSync(path), path, role);
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
  // One descriptor for all checks, because two lookups of a path may find two directories.
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = await directory.stat();
    const callerUid = ownUid();
    if (uid !== callerUid) {
      throw new RequestError('ORLOP_E_STORE', `${role.name} '${path}' belongs to uid ${uid}, not to uid ${callerUid}`, {
        hint: role.another(callerUid),
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

/** Owner of a file whose user does not exist in this user namespace, such as the host's root in a nested one. */
const overflowUid = 65534;

/** Refuses a directory below one in which another user could put something in its place. */
function verifyParents(real: string, path: string, role: Role): void {
  const caller = ownUid();
  for (let parent = dirname(real); ; parent = dirname(parent)) {
    const { uid, mode } = statSync(parent);
    const writable = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
    const foreign = ![0, caller, overflowUid].includes(uid);
    if (writable || foreign) {
      const why = foreign
        ? `belongs to uid ${uid}`
        : `can be written by every user (mode ${(mode & 0o7777).toString(8)})`;
      throw new RequestError('ORLOP_E_STORE', `${role.name} '${path}' could be replaced: '${parent}' ${why}`, {
        hint: foreign ? role.another(caller) : `close it: chmod o-w ${quoted(parent)}`,
      });
    }
    if (parent === '/') return;
  }
}

/** The error for an open directory. If it has other content, it may be the host's /etc: do not suggest closing it. */
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
