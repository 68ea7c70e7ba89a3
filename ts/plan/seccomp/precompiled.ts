import { askedCapabilities, compiled } from './compiled.ts';
import type { FilterTarget } from './decisions.ts';

const decoded = new Map<string, Uint8Array>();

/**
 * The default filter for common capability sets, which was compiled when orlop was built. It needs neither the compiler
 * nor the profile.
 *
 * @returns an array of `struct sock_filter`, not to be changed; null for another set, which `defaultFilter` compiles
 */
export function precompiledFilter(target: FilterTarget): Uint8Array | null {
  const key = keyFor(target);
  const ready = compiled[key];
  if (ready === undefined) return null;
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const filter = new Uint8Array(Buffer.from(ready, 'base64'));
  decoded.set(key, filter);
  return filter;
}

/** Key of a default filter. Capabilities on which no rule of the profile depends are left out. */
export function keyFor({ arch, capabilities }: FilterTarget): string {
  return [arch, ...capabilities.filter((name) => askedCapabilities.includes(name)).sort()].join(' ');
}
