import type { Option } from 'commander';
import { RequestError } from '../../errors/index.ts';

const words: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  t: true,
  T: true,
  TRUE: true,
  True: true,
  false: false,
  '0': false,
  f: false,
  F: false,
  FALSE: false,
  False: false,
};

export interface Rewritten {
  readonly argv: string[];
  /**
   * Values (by names in camel case) of flags that are set to false, which commander cannot express. That of `--no-x`
   * set to false is true.
   */
  readonly off: Readonly<Record<string, boolean>>;
}

/**
 * Rewrites `--rm=true` and `--rm=false`, which Docker accepts and commander does not. Walks the options up to the first
 * positional argument: the rest belongs to the container's command.
 *
 * @throws {RequestError} ORLOP_E_USAGE for another value
 */
export function rewriteBooleans(argv: readonly string[], options: readonly Option[], intermixed: boolean): Rewritten {
  const byFlag = new Map<string, Option>();
  for (const option of options) {
    if (option.long) byFlag.set(option.long, option);
    if (option.short) byFlag.set(option.short, option);
  }
  const result: string[] = [];
  const off = new Map<string, boolean>();
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--' || (!intermixed && (!word.startsWith('-') || word === '-'))) break;
    // After an unknown option, stop: a later `--help` may be the container's.
    if (isUnknown(word, byFlag)) return { argv: [...result, word], off: Object.fromEntries(off) };
    const [name = '', value] = splitValue(word);
    const option = byFlag.get(name);
    if (option === undefined || option.required || option.optional || value === undefined) {
      if (option !== undefined && !option.required) off.delete(option.attributeName());
      // `-e=A` is `-e A` for Docker, and `-e` with the value `=A` for commander.
      if (option?.required && value !== undefined && !word.startsWith('--')) result.push(name, value);
      else result.push(word);
      const takesNext = (option?.required && value === undefined) || clusterTakesNext(word, byFlag);
      if (takesNext && index + 1 < argv.length) result.push(argv[++index] ?? '');
      continue;
    }
    const on = Object.hasOwn(words, value) ? words[value] : undefined;
    if (on === undefined) {
      throw new RequestError('ORLOP_E_USAGE', `option '${name}' is neither true nor false: '${value}'`);
    }
    if (on) result.push(name);
    if (on) off.delete(option.attributeName());
    else off.set(option.attributeName(), option.negate);
  }
  return { argv: [...result, ...argv.slice(index)], off: Object.fromEntries(off) };
}

function splitValue(word: string): [string, string?] {
  const at = word.startsWith('-') ? word.indexOf('=') : -1;
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function isUnknown(word: string, byFlag: ReadonlyMap<string, Option>): boolean {
  if (!word.startsWith('-') || word === '-' || word === '--help') return false;
  const [name] = splitValue(word);
  if (byFlag.has(name)) return false;
  if (word.startsWith('--')) return true;
  for (const letter of word.slice(1)) {
    const option = byFlag.get(`-${letter}`);
    if (option === undefined) return letter !== 'h';
    if (option.required) return false;
  }
  return false;
}

/** True if a cluster of short flags, such as `-iv SPEC`, ends in an option that takes the next word. */
function clusterTakesNext(word: string, byFlag: ReadonlyMap<string, Option>): boolean {
  if (!/^-[^-]./.test(word)) return false;
  for (let i = 1; i < word.length; i++) {
    const option = byFlag.get(`-${word[i]}`);
    if (option === undefined) return false;
    if (option.required) return i === word.length - 1;
  }
  return false;
}
