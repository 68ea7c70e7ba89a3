import { askedCapabilities, compiled } from './compiled.ts';
import type { FilterTarget } from './decisions.ts';

const decoded = new Map<string, Uint8Array>();

/**
 * The default filter, where it was compiled when orlop was built: for the usual capability sets. The compiler and the
 * profile need not be loaded then.
 *
 * @returns an array of `struct sock_filter`, not to be changed; null for another set, which `defaultFilter` compiles
 */
export function readyFilter(target: FilterTarget): Uint8Array | null {
  const key = keyFor(target);
  const ready = compiled[key];
  if (ready === undefined) return null;
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const filter = new Uint8Array(Buffer.from(ready, 'base64'));
  decoded.set(key, filter);
  return filter;
}

/** Equal for targets that get the same default filter: capabilities that the profile does not ask for do not count. */
export function keyFor({ arch, capabilities }: FilterTarget): string {
  return [arch, ...capabilities.filter((name) => askedCapabilities.includes(name)).sort()].join(' ');
}
