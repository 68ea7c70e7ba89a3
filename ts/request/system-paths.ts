import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { checkPath } from './paths.ts';
import { quote } from './text.ts';

/** Paths that are shown as they are: all that orlop would hide or make read-only, or those that match. */
export type Unmasked = 'all' | readonly string[];

/**
 * Parses the paths of `mask=` and `unmask=`, which colons divide, as in Podman.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parsePaths(option: string, value: string | undefined): readonly string[] {
  const paths = (value ?? '').split(':').filter(Boolean);
  const wrong = paths.find((path) => !path.startsWith('/') || posix.normalize(path) !== path || path === '/');
  if (paths.length === 0 || wrong !== undefined) {
    throw new RequestError('ORLOP_E_INPUT', `the security option ${quote(option)} has no absolute, plain path`, {
      hint: `write paths with colons between them: 'mask=/proc/a:/sys/b'`,
    });
  }
  for (const path of paths) checkPath('ORLOP_E_INPUT', 'a path of the system', path);
  return paths;
}

/** True if a path is to be shown as it is. A `*` stands for any part of a name. Pure. */
export function isUnmasked(path: string, unmask: Unmasked | undefined): boolean {
  if (unmask === undefined) return false;
  return unmask === 'all' || unmask.some((pattern) => patternOf(pattern).test(path));
}

function patternOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`);
}
