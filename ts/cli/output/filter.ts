import { RequestError } from '../../errors/index.ts';
import { nearest } from '../../request/text.ts';

/**
 * Compiles the values of each filter into a predicate. All filters must hold. An invalid value is refused before any
 * item is read: an empty listing would hide it.
 */
export type Filters<Item> = Readonly<Record<string, (values: readonly string[]) => (item: Item) => boolean>>;

/**
 * Reads the values of `--filter`, `KEY=VALUE`.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export function compileFilter<Item>(
  given: readonly string[],
  filters: Filters<Item>,
): ((item: Item) => boolean) | undefined {
  if (given.length === 0) return undefined;
  const values = new Map<string, string[]>();
  for (const one of given) {
    const at = one.indexOf('=');
    const key = at < 0 ? one : one.slice(0, at);
    if (!Object.hasOwn(filters, key)) throw unknownFilter(key, Object.keys(filters));
    if (at < 0)
      throw new RequestError('ORLOP_E_USAGE', `the filter '${one}' has no value`, { hint: `write '${key}=…'` });
    values.set(key, [...(values.get(key) ?? []), one.slice(at + 1)]);
  }
  const deciders = [...values].flatMap(([key, list]) => filters[key]?.(list) ?? []);
  return (item) => deciders.every((holds) => holds(item));
}

/** True if all of the labels `k` and `k=v` are present. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((label) => hasLabel(labels, label));
}

/** True if none of the labels is present. */
export function lacksLabels(labels: Readonly<Record<string, string>>, unwanted: readonly string[]): boolean {
  return !unwanted.some((label) => hasLabel(labels, label));
}

function hasLabel(labels: Readonly<Record<string, string>>, label: string): boolean {
  const at = label.indexOf('=');
  const key = at < 0 ? label : label.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === label.slice(at + 1));
}

/** A predicate for the values `true`, `1`, `false`, `0` of a filter. */
export function booleans(filter: string, values: readonly string[]): (fact: boolean) => boolean {
  const wanted = values.map((value) => parseBoolean(filter, value));
  return (fact) => wanted.includes(fact);
}

function parseBoolean(filter: string, text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new RequestError('ORLOP_E_USAGE', `the filter '${filter}=${text}' is neither true nor false`);
}

/**
 * A predicate for the values of a filter of names: regular expressions, as in Docker and Podman. Those of Go are nearly
 * those of JavaScript.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export function nameMatcher(values: readonly string[]): (name: string) => boolean {
  const expressions = values.map((value) => {
    const [, flags = '', source = ''] = /^(\(\?i\))?(.*)$/s.exec(value) ?? [];
    try {
      return new RegExp(source, flags === '' ? '' : 'i');
    } catch (cause) {
      throw new RequestError('ORLOP_E_USAGE', `the filter 'name=${value}' is not a regular expression`, {
        hint: `write '\\' before a sign that means itself: 'name=a\\+b'`,
        cause,
      });
    }
  });
  return (name) => expressions.some((expression) => expression.test(name));
}

/** Refuses a value that does not match the filter's form. */
export function requireForm(filter: string, values: readonly string[], form: RegExp, hint: string): void {
  const odd = values.find((value) => !form.test(value));
  if (odd !== undefined) throw new RequestError('ORLOP_E_USAGE', `invalid filter '${filter}=${odd}'`, { hint });
}

function unknownFilter(key: string, all: readonly string[]): RequestError {
  const close = nearest(key, all);
  const hint = close === undefined ? `filters are ${all.join(', ')}` : `did you mean '${close}'?`;
  return new RequestError('ORLOP_E_USAGE', `invalid filter '${key}'`, { hint });
}
