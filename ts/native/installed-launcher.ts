import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { findExecutable } from './executable.ts';

/**
 * Where `orlop doctor --fix` installs orlop-launcher. AppArmor allows user namespaces by the path of an executable, and
 * that of a package is another one in each project, in which its owner may put another program.
 */
export const installedPath = '/usr/local/libexec/orlop/orlop-launcher';

/** What lies at that path. Only `same` is executed. */
export type Installed =
  | { readonly state: 'none' | 'same' }
  /** Another version: messages between it and the addon would not fit. */
  | { readonly state: 'other' }
  /** Somebody else than root could replace it. */
  | { readonly state: 'unsafe'; readonly why: string };

/**
 * The orlop-launcher to start: `override` and no other, or the installed one if its bytes are those of the package's, or
 * the package's own.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function launcherExecutable(override: string | undefined = process.env.ORLOP_LAUNCHER): string {
  const own = ownLauncher(override);
  return (override ?? '') === '' && lookAtInstalled(own).state === 'same' ? installedPath : own;
}

/** The package's own orlop-launcher, or `override`. */
export function ownLauncher(override?: string): string {
  return findExecutable('orlop-launcher', 'ORLOP_LAUNCHER', override);
}

/** @param own the package's orlop-launcher */
export function lookAtInstalled(own: string, path: string = installedPath): Installed {
  if (!existsSync(path)) return { state: 'none' };
  const real = realpathSync(path);
  const why = statSync(real).isFile() ? whyUnsafe(real) : `'${real}' is no file`;
  if (why !== null) return { state: 'unsafe', why };
  return { state: hasSameBytes(own, real) ? 'same' : 'other' };
}

/** Who, besides root, could replace a file: by its mode, or by that of a directory above it. */
export function whyUnsafe(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    if (uid !== 0) return `'${at}' does not belong to root`;
    if ((mode & 0o022) !== 0) return `'${at}' can be written by others than root`;
    if (at === dirname(at)) return null;
  }
}

/** Once for each program, so it allocates no buffer of the file's size. */
function hasSameBytes(one: string, other: string): boolean {
  if (statSync(one).size !== statSync(other).size) return false;
  const [a, b] = [Buffer.allocUnsafe(65536), Buffer.allocUnsafe(65536)];
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const;
  try {
    for (;;) {
      const read = readSync(files[0], a);
      if (read !== readSync(files[1], b) || a.compare(b, 0, read, 0, read) !== 0) return false;
      if (read === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}
