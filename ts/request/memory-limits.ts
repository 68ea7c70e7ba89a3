import { RequestError } from '../errors/index.ts';
import type { Limits } from './limits.ts';
import { parseSize, parseSizeFrom } from './size.ts';
import { quote } from './text.ts';
import type { LimitOptions } from './types.ts';
import { isUnbounded } from './whole-number.ts';

/** Docker's least bound, in MiB. */
const least = 6;

/**
 * Parses a bound on memory in bytes.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseMemory(what: string, given: number | string): number {
  return parseSizeFrom(least, what, given);
}

/**
 * Parses the bounds on memory and swap space.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseMemoryLimits(given: LimitOptions): {
  readonly memory: number | undefined;
  readonly swap: Limits['swap'] | undefined;
  readonly memoryReservation: number | undefined;
} {
  const memory = given.memory === undefined ? undefined : parseMemory('the memory limit', given.memory);
  return {
    memory,
    swap: given.swap === undefined ? undefined : parseSwap(given.swap, memory),
    memoryReservation:
      given.memoryReservation === undefined ? undefined : parseReservation(given.memoryReservation, memory),
  };
}

function parseSwap(given: number | string, memory: number | undefined): Limits['swap'] | undefined {
  // Without a bound on memory, there is none on swap space anyway.
  if (isUnbounded(given)) return memory === undefined ? undefined : 'max';
  const swap = parseSize('the limit of swap space', given);
  if (memory !== undefined) return swap;
  throw new RequestError('ORLOP_E_INPUT', 'the limit of swap space is without one of memory', {
    hint: "write 'memory' too, as { memory: '512m', swap: 0 }",
  });
}

function parseReservation(given: number | string, memory: number | undefined): number {
  const reservation = parseMemory('the reserved memory', given);
  if (memory === undefined || reservation <= memory) return reservation;
  throw new RequestError('ORLOP_E_INPUT', `the reserved memory ${quote(String(given))} is more than the memory limit`, {
    hint: `write at most ${memory}, what the container may have`,
  });
}
