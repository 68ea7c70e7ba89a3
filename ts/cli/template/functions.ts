import { TemplateError } from './error.ts';

type Function = (...values: readonly unknown[]) => unknown;

/** Functions of Go's text/template, and Docker's additions. */
export const functions: Readonly<Record<string, Function>> = {
  json: (value) => JSON.stringify(value ?? null),
  lower: (value) => toText(value).toLowerCase(),
  upper: (value) => toText(value).toUpperCase(),
  title: (value) =>
    toText(value).replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase()),
  split: (value, separator) => toText(value).split(toText(separator)),
  join: (list, separator) => elements(list).map(toText).join(toText(separator)),
  pad: (value, before, after) => {
    const text = toText(value);
    return text === '' ? text : ' '.repeat(Number(before)) + text + ' '.repeat(Number(after));
  },
  truncate: (value, length) => [...toText(value)].slice(0, Number(length)).join(''),
  println: (...values) => `${values.map(toText).join(' ')}\n`,
  print: (...values) => values.map(toText).join(''),
  printf: (format, ...values) => formatText(toText(format), values),
  len: (value) => (typeof value === 'string' ? Buffer.byteLength(value) : elements(value).length),
  index: (value, ...keys) => keys.reduce(at, value),
  slice: (value, from, to) =>
    sliceOf(value, from === undefined ? 0 : Number(from), to === undefined ? undefined : Number(to)),
  eq: (first, ...others) => others.some((other) => Object.is(first, other)),
  ne: (a, b) => !Object.is(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

/** Truth as in Go: false, 0, null and empty values are false. */
export function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return elements(value).length > 0;
  return Boolean(value);
}

/** Text of a value as in Go's fmt. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, one]) => `${key}:${toText(one)}`).join(' ')}]`;
}

/** Values of a list, or of a map in the order of its keys. */
export function elements(value: unknown): readonly unknown[] {
  return pairs(value).map(([, element]) => element);
}

export function pairs(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((element, index) => [index, element] as const);
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`${JSON.stringify(value)} is neither a list nor a map`);
}

function at(value: unknown, key: unknown): unknown {
  if (Array.isArray(value) && typeof key === 'number') {
    if (key >= 0 && key < value.length) return value[key];
    throw new TemplateError(`index ${key} is out of range: there are ${value.length}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof key === 'string') {
    return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : '';
  }
  if (value === null || value === undefined) return '';
  throw new TemplateError(`${JSON.stringify(key)} cannot index ${toText(value)}`);
}

function sliceOf(value: unknown, from: number, to: number | undefined): unknown {
  if (typeof value === 'string' || Array.isArray(value)) return value.slice(from, to);
  throw new TemplateError(`${toText(value)} cannot be sliced`);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError(`${toText(a)} and ${toText(b)} cannot be compared`);
}

function formatText(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g,
    (all, flags: string, width: string, places: string, verb: string) => {
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const text = verbText(verb, values[next++], places);
      if (text === undefined) throw new TemplateError(`printf does not know '${all}'`);
      return flags.includes('-')
        ? text.padEnd(Number(width))
        : text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
    },
  );
}

function verbText(verb: string, value: unknown, places: string | undefined): string | undefined {
  switch (verb) {
    case 's':
      return places === undefined ? toText(value) : [...toText(value)].slice(0, Number(places)).join('');
    case 'v':
    case 'd':
    case 't':
      return toText(value);
    case 'q':
      return JSON.stringify(value);
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(toText(value)).toString('hex');
    case 'f':
      return Number(value).toFixed(places === undefined ? 6 : Number(places));
    default:
      return undefined;
  }
}
