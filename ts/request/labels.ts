import { RequestError } from '../errors/index.ts';
import { checkText, quote } from './text.ts';

/** Parses labels of the form `k=v` or `k`. The last value of a key wins. */
export function parseLabels(texts: readonly string[]): Readonly<Record<string, string>> {
  return labelsFromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** Builds the labels with fromEntries, which defines the key `__proto__` too; an assignment would not. */
export function labelsFromEntries(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  for (const [key, value] of entries) {
    if (key === '') throw new RequestError('ORLOP_E_INPUT', `a label has no key: ${quote(`=${value}`)}`);
    checkText('ORLOP_E_INPUT', `the label ${quote(key)}`, key + value);
  }
  return Object.fromEntries(entries);
}
