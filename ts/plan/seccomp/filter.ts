import { createHash } from 'node:crypto';
import { compileProfile } from './compile.ts';
import type { FilterTarget } from './decisions.ts';
import { defaultProfile } from './default-profile.ts';
import { parseProfile } from './docker-format.ts';
import { keyFor, precompiledFilter } from './precompiled.ts';

const cache = new Map<string, Uint8Array>();

/**
 * The default filter of a container. For common capability sets it was compiled when orlop was built.
 *
 * @returns an array of `struct sock_filter`, not to be changed
 */
export function defaultFilter(target: FilterTarget): Uint8Array {
  return (
    precompiledFilter(target) ?? remember(`default ${keyFor(target)}`, () => compileProfile(defaultProfile, target))
  );
}

/**
 * The filter of a profile file (`--security-opt seccomp=FILE`), compiled once for its content.
 *
 * @param text content of the file
 * @param name of the file, for messages
 * @throws RequestError `ORLOP_E_INPUT`
 */
export function customFilter(text: string, name: string, target: FilterTarget): Uint8Array {
  const hash = createHash('sha256').update(text).digest('hex');
  const kernel = target.kernel?.join('.') ?? '';
  const key = `${hash} ${target.arch} ${kernel} ${[...target.capabilities].sort().join(' ')}`;
  return remember(key, () => compileProfile(parseProfile(text, name), target));
}

function remember(key: string, make: () => Uint8Array): Uint8Array {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
