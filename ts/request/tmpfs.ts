import { RequestError } from '../errors/index.ts';
import {
  attributesWith,
  chooseOptions,
  optionNamed,
  optionsFor,
  refuseTooNew,
  unknownOption,
} from './chosen-options.ts';
import { parseTarget } from './paths.ts';
import { parseSize } from './size.ts';
import { quote } from './text.ts';
import type { RequestContext, TmpfsInput, TmpfsSpec } from './types.ts';

/** Options with a value. */
type Values = Pick<TmpfsSpec, 'size' | 'inodes' | 'mode' | 'uid' | 'gid'>;
type Draft = { -readonly [Key in keyof Values]: Values[Key] };

const blank: Values = { size: null, inodes: null, mode: null, uid: 0, gid: 0 };

const values: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  size: (d, value) => (d.size = parseSize('the tmpfs size', value)),
  mode: (d, value) => (d.mode = parseMode(value)),
  uid: (d, value) => (d.uid = parseNumber('uid', value, 2 ** 32 - 2)),
  gid: (d, value) => (d.gid = parseNumber('gid', value, 2 ** 32 - 2)),
  nr_inodes: (d, value) => (d.inodes = parseSize('the number of inodes', value)),
};

/**
 * Parses the value of `--tmpfs`: `TARGET[:OPTIONS]`. Without options it is writable, noexec, nosuid, nodev, mode 1777.
 * The last of contradicting options wins, as in Docker.
 *
 * @throws {RequestError} ORLOP_E_INPUT, ORLOP_E_TARGET, ORLOP_E_KERNEL
 */
export function parseTmpfs(spec: string, context: RequestContext): TmpfsSpec {
  const what = `tmpfs ${quote(spec)}`;
  const colon = spec.indexOf(':');
  const target = parseTarget(what, colon < 0 ? spec : spec.slice(0, colon));
  const draft: Draft = { ...blank };
  const names: string[] = [];
  for (const option of colon < 0 ? [] : spec.slice(colon + 1).split(',')) {
    const [name = '', value] = splitOnce(option, '=');
    const setter = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined && isOption(name)) names.push(name);
    else if (setter !== undefined && value !== undefined) setter(draft, value);
    else throw badOption(what, option, name);
  }
  return { type: 'tmpfs', target, attributes: attributesOf(what, names, context), ...draft };
}

/** Parses a tmpfs given as an object. */
export function tmpfsFromInput(input: TmpfsInput, context: RequestContext): TmpfsSpec {
  const what = `tmpfs at ${quote(input.target)}`;
  const { readonly, exec, options = [] } = input;
  const unknown = options.find((name) => !isOption(name));
  if (unknown !== undefined) throw unknownOption('ORLOP_E_INPUT', what, unknown, optionsFor('tmpfs'));
  const names: string[] = [];
  if (readonly !== undefined) names.push(readonly ? 'ro' : 'rw');
  if (exec !== undefined) names.push(exec ? 'exec' : 'noexec');
  names.push(...options);
  // Refuses contradicting properties: they have no order.
  chooseOptions('ORLOP_E_INPUT', what, names);
  return {
    type: 'tmpfs',
    target: parseTarget(what, input.target),
    attributes: attributesOf(what, names, context),
    size: input.size === undefined ? null : parseSize('the tmpfs size', input.size),
    inodes: null,
    mode: input.mode === undefined ? null : parseMode(input.mode.toString(8)),
    uid: input.uid ?? 0,
    gid: input.gid ?? 0,
  };
}

function isOption(name: string): boolean {
  return optionNamed(name)?.kinds.includes('tmpfs') ?? false;
}

function attributesOf(what: string, names: readonly string[], context: RequestContext): number {
  refuseTooNew(what, names, context);
  return attributesWith('tmpfs', names);
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
  if (Object.hasOwn(values, name)) {
    return new RequestError('ORLOP_E_INPUT', `${what}: '${name}' has no value`, { hint: `write '${name}=…'` });
  }
  const valued = Object.keys(values).map((key) => `${key}=`);
  return unknownOption('ORLOP_E_INPUT', what, option, [...optionsFor('tmpfs'), ...valued]);
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
