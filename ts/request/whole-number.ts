import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

/**
 * Parses a whole number, as a number or in decimal digits.
 *
 * @throws {RequestError} ORLOP_E_INPUT with the bounds, and the hint
 */
export function parseWholeNumber(
  what: string,
  given: number | string,
  { from, to = Number.MAX_SAFE_INTEGER, hint }: { readonly from: number; readonly to?: number; readonly hint: string },
): number {
  const value = typeof given === 'string' && !/^\+?\d+$/.test(given) ? Number.NaN : Number(given);
  if (Number.isSafeInteger(value) && value >= from && value <= to) return value;
  const range = to === Number.MAX_SAFE_INTEGER ? `from ${from} on` : `from ${from} to ${to}`;
  throw new RequestError('ORLOP_E_INPUT', `${what} ${quote(String(given))} is no whole number ${range}`, { hint });
}

/** True for -1, Docker's value for no bound. */
export function isUnbounded(given: number | string | undefined): boolean {
  return String(given) === '-1';
}
