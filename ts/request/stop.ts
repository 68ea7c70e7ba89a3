import { RequestError } from '../errors/index.ts';
import { signalNumber } from '../linux/signals.ts';
import { quote } from './text.ts';
import { isUnbounded, parseWholeNumber } from './whole-number.ts';

/**
 * Number of a signal given by number or name.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseSignal(given: string | number): number {
  const number = signalNumber(given);
  if (number !== undefined) return number;
  throw new RequestError('ORLOP_E_INPUT', `there is no signal ${quote(String(given))}`, {
    hint: "write a name or a number: SIGTERM, HUP, 15, RTMIN+3; 'kill -L' lists them",
  });
}

/**
 * Parses the seconds between the stop signal and SIGKILL; -1: no SIGKILL.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseStopTimeout(given: number | string): number {
  if (isUnbounded(given)) return -1;
  return parseWholeNumber('the time to stop', given, {
    from: 0,
    hint: 'seconds until the container is killed, or -1 to wait without end',
  });
}
