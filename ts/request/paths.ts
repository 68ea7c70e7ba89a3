import { posix } from 'node:path';
import { type ErrorCode, RequestError } from '../errors/index.ts';
import { replaceableProc } from '../linux/replaceable-proc.ts';
import { checkText, quote } from './text.ts';

/** PATH_MAX without its NUL, and NAME_MAX, in bytes. */
const maxPath = 4095;
const maxName = 255;

/** Removes `.`, `..`, and repeated or trailing slashes. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** Refuses a path that the kernel would refuse: with a NUL, or too long as a whole or in one part. */
export function checkPath(code: ErrorCode, what: string, path: string): void {
  checkText(code, what, path);
  const bytes = Buffer.byteLength(path);
  if (bytes > maxPath) {
    throw new RequestError(code, `${what} has ${bytes} bytes, the kernel takes ${maxPath}`, {
      hint: 'use a shorter path',
    });
  }
  const long = path.split('/').find((part) => Buffer.byteLength(part) > maxName);
  if (long !== undefined) {
    throw new RequestError(code, `${what} has a part of more than ${maxName} bytes: ${quote(long)}`, {
      hint: 'use a shorter name',
    });
  }
}

/**
 * Parses the target of a mount: absolute, cleaned, not `/` and not in /proc.
 *
 * @throws {RequestError} ORLOP_E_TARGET
 */
export function parseTarget(what: string, path: string): string {
  if (path === '') {
    throw new RequestError('ORLOP_E_TARGET', `${what} has an empty target`, {
      hint: `write an absolute path in the container, as '/data'`,
    });
  }
  checkPath('ORLOP_E_TARGET', `the target of ${what}`, path);
  if (!path.startsWith('/')) {
    throw new RequestError('ORLOP_E_TARGET', `the target ${quote(path)} of ${what} is not absolute`, {
      hint: `write ${quote(posix.join('/', path))}`,
    });
  }
  const target = cleanPath(path);
  if (target === '/') {
    throw new RequestError('ORLOP_E_TARGET', `the target of ${what} is '/', where the root filesystem is`, {
      hint: `mount below it, as '/data'`,
    });
  }
  const inProc = target === '/proc' || target.startsWith('/proc/');
  if (inProc && !replaceableProc.has(target)) {
    throw new RequestError('ORLOP_E_TARGET', `the target ${quote(target)} of ${what} is in /proc`, {
      hint: 'the kernel trusts what it finds there; mount somewhere else',
    });
  }
  return target;
}

/** Parses an absolute directory in the container. */
export function parseWorkdir(path: string): string {
  checkPath('ORLOP_E_INPUT', 'the working directory', path);
  if (!path.startsWith('/')) {
    const hint = `write ${quote(posix.join('/', path))}`;
    throw new RequestError('ORLOP_E_INPUT', `the working directory ${quote(path)} is not absolute`, { hint });
  }
  return cleanPath(path);
}
