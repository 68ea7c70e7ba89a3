import { createHash } from 'node:crypto';
import { compileProfile } from './compile.ts';
import { compiled } from './compiled.ts';
import type { FilterTarget } from './decisions.ts';
import { defaultProfile } from './default-profile.ts';
import { parseProfile } from './docker-format.ts';
import type { SeccompProfile } from './profile.ts';

const cache = new Map<string, Uint8Array>();

/**
 * The default filter for a container. For the usual capability sets it was compiled when orlop was built.
 *
 * @returns an array of `struct sock_filter`; not to be changed
 */
export function defaultFilter(target: FilterTarget): Uint8Array {
  const key = keyFor(defaultProfile, target);
  const ready = compiled[key];
  return remember(`default ${key}`, () =>
    ready === undefined ? compileProfile(defaultProfile, target) : new Uint8Array(Buffer.from(ready, 'base64')),
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

/** Equal for targets that get the same filter of the profile: capabilities that it does not ask for do not count. */
export function keyFor(profile: SeccompProfile, target: FilterTarget): string {
  const asked = new Set(
    profile.rules.flatMap((rule) => [...(rule.includes?.caps ?? []), ...(rule.excludes?.caps ?? [])]),
  );
  return [target.arch, ...target.capabilities.filter((name) => asked.has(name)).sort()].join(' ');
}

function remember(key: string, make: () => Uint8Array): Uint8Array {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
