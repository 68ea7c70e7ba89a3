import { RequestError } from '../errors/index.ts';
import { quote, refuseNul } from './text.ts';

/** Labels from `k=v` and `k`; the last one of a key holds. */
export function parseLabels(texts: readonly string[]): Readonly<Record<string, string>> {
  return labelsFromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** `__proto__` is a key like any other: fromEntries defines it, an assignment would not. */
export function labelsFromEntries(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  for (const [key, value] of entries) {
    if (key === '') throw new RequestError('ORLOP_E_INPUT', `a label has no key: ${quote(`=${value}`)}`);
    refuseNul('ORLOP_E_INPUT', `the label ${quote(key)}`, key + value);
  }
  return Object.fromEntries(entries);
}
