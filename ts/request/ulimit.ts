import { RequestError } from '../errors/index.ts';
import { type RlimitName, rlimits } from '../linux/rlimits.ts';
import { nearest, quote } from './text.ts';
import type { Ulimit } from './types.ts';

/**
 * Parses the value of `--ulimit`: `NAME=SOFT[:HARD]`; -1 is unlimited; HARD defaults to SOFT.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text);
  if (match === null) {
    throw new RequestError('ORLOP_E_INPUT', `the limit ${quote(text)} cannot be read`, {
      hint: `write 'NAME=SOFT' or 'NAME=SOFT:HARD', as 'nofile=1024:2048'; -1 is unlimited`,
    });
  }
  const [, name = '', softText = '', hardText = softText] = match;
  if (!isRlimit(name)) throw unknownLimit(name);
  const [soft, hard] = [Number(softText), Number(hardText)];
  if (!Number.isSafeInteger(soft) || !Number.isSafeInteger(hard)) {
    throw new RequestError('ORLOP_E_INPUT', `the limit ${quote(text)} is out of range`, { hint: '-1 is unlimited' });
  }
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw new RequestError('ORLOP_E_INPUT', `the soft limit of ${quote(text)} is above the hard one`, {
      hint: `write the smaller one first: '${name}=SOFT:HARD'`,
    });
  }
  return { name, soft, hard };
}

/** Merges limits: each name once, with its last value. */
export function mergeUlimits(limits: Iterable<Ulimit>): Ulimit[] {
  const byName = new Map<string, Ulimit>();
  for (const limit of limits) byName.set(limit.name, limit);
  return [...byName.values()];
}

function isRlimit(name: string): name is RlimitName {
  return Object.hasOwn(rlimits, name);
}

function unknownLimit(name: string): RequestError {
  const names = Object.keys(rlimits).sort();
  const close = nearest(name, names);
  const hint = close === undefined ? `limits are ${names.join(', ')}` : `did you mean '${close}'?`;
  return new RequestError('ORLOP_E_INPUT', `there is no limit ${quote(name)}`, { hint });
}
