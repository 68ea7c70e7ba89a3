import { RequestError } from '../errors/index.ts';
import { parseTarget } from './paths.ts';
import { parseSize } from './size.ts';
import { nearest, quote } from './text.ts';
import type { TmpfsInput, TmpfsSpec } from './types.ts';

type Draft = { -readonly [Key in keyof TmpfsSpec]: TmpfsSpec[Key] };

const blank = { readonly: false, noexec: true, nosuid: true, nodev: true, size: null, inodes: null, mode: null };

const flags: Readonly<Record<string, (draft: Draft) => void>> = {
  ro: (d) => (d.readonly = true),
  rw: (d) => (d.readonly = false),
  exec: (d) => (d.noexec = false),
  noexec: (d) => (d.noexec = true),
  suid: (d) => (d.nosuid = false),
  nosuid: (d) => (d.nosuid = true),
  dev: (d) => (d.nodev = false),
  nodev: (d) => (d.nodev = true),
};

const values: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  size: (d, value) => (d.size = parseSize('the tmpfs size', value)),
  mode: (d, value) => (d.mode = parseMode(value)),
  uid: (d, value) => (d.uid = parseNumber('uid', value, 2 ** 32 - 2)),
  gid: (d, value) => (d.gid = parseNumber('gid', value, 2 ** 32 - 2)),
  nr_inodes: (d, value) => (d.inodes = parseSize('the number of inodes', value)),
};

/**
 * Reads the value of `--tmpfs`: `TARGET[:OPTIONS]`. Without options it is writable, noexec, nosuid, nodev, mode 1777.
 * Of options that contradict each other the last one holds, as in Docker.
 *
 * @throws {RequestError} ORLOP_E_INPUT, ORLOP_E_TARGET
 */
export function parseTmpfs(spec: string): TmpfsSpec {
  const what = `tmpfs ${quote(spec)}`;
  const colon = spec.indexOf(':');
  const draft: Draft = { ...start(what, colon < 0 ? spec : spec.slice(0, colon)) };
  if (colon < 0) return draft;
  for (const option of spec.slice(colon + 1).split(',')) {
    const [name = '', value] = splitOnce(option, '=');
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    const setter = Object.hasOwn(values, name) ? values[name] : undefined;
    if (flag !== undefined && value === undefined) flag(draft);
    else if (setter !== undefined && value !== undefined) setter(draft, value);
    else throw badOption(what, option, name);
  }
  return draft;
}

/** The same from an object. */
export function tmpfsFromInput(input: TmpfsInput): TmpfsSpec {
  return {
    ...start(`tmpfs at ${quote(input.target)}`, input.target),
    readonly: input.readonly ?? false,
    noexec: !(input.exec ?? false),
    size: input.size === undefined ? null : parseSize('the tmpfs size', input.size),
    mode: input.mode === undefined ? null : parseMode(input.mode.toString(8)),
    uid: input.uid ?? 0,
    gid: input.gid ?? 0,
  };
}

function start(what: string, target: string): TmpfsSpec {
  return { type: 'tmpfs', target: parseTarget(what, target), ...blank, uid: 0, gid: 0 };
}

function parseMode(text: string): number {
  if (!/^0?[0-7]{1,4}$/.test(text)) {
    throw new RequestError('ORLOP_E_INPUT', `the tmpfs mode ${quote(text)} is not octal`, {
      hint: `write it as '1777'`,
    });
  }
  return Number.parseInt(text, 8);
}

function parseNumber(what: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) {
    throw new RequestError('ORLOP_E_INPUT', `the tmpfs ${what} ${quote(text)} is not a number from 0 to ${max}`);
  }
  return value;
}

function badOption(what: string, option: string, name: string): RequestError {
  const all = [...Object.keys(flags), ...Object.keys(values).map((key) => `${key}=`)];
  if (Object.hasOwn(values, name)) {
    return new RequestError('ORLOP_E_INPUT', `${what}: '${name}' has no value`, { hint: `write '${name}=…'` });
  }
  const close = nearest(name, [...Object.keys(flags), ...Object.keys(values)]);
  const hint = close === undefined || close === name ? `options are ${all.join(', ')}` : `did you mean '${close}'?`;
  return new RequestError('ORLOP_E_INPUT', `${what} has an unknown option ${quote(option)}`, { hint });
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
