import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Parses a size into bytes: `64m`, `1.5GiB`, `512`. The grammar is that of Docker's RAMInBytes, base 1024.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseSize(what: string, text: string | number): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?)?b?$/i.exec(String(text));
  const unit = match?.[2]?.toLowerCase() ?? '';
  const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * 1024 ** (powers[unit] ?? 0));
  if (!Number.isSafeInteger(bytes)) {
    throw new RequestError('ORLOP_E_INPUT', `${what} ${quote(String(text))} is not a size`, {
      hint: `write bytes, or a number with k, m, g or t, as '64m'`,
    });
  }
  return bytes;
}

const mebibyte = 1024 * 1024;

/**
 * Parses a size of at least that many MiB into bytes.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseSizeFrom(least: number, what: string, given: number | string): number {
  const bytes = parseSize(what, given);
  if (bytes >= least * mebibyte) return bytes;
  throw new RequestError('ORLOP_E_INPUT', `${what} ${quote(String(given))} is below ${least} MiB`, {
    hint: `write bytes, or a number with k, m or g: at least '${least}m'`,
  });
}
