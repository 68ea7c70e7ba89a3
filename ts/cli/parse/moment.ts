import { RequestError } from '../../errors/index.ts';

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g;

/**
 * Reads a moment as Docker does: seconds since 1970, a duration before now in Go's form (`1h30m`), or a date and time
 * (RFC 3339), that of this machine without a zone. Pure.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export function parseMoment(what: string, text: string, now: Date): Date {
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  if (text !== '' && text.replace(part, '') === '') return new Date(now.getTime() - durationMs(text));
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(local(text)) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw new RequestError('ORLOP_E_USAGE', `${what} '${text}' is no time`, {
    hint: "write how long ago, '1h30m', or a date and time, '2026-01-31T12:00:00Z'",
  });
}

function durationMs(text: string): number {
  let sum = 0;
  for (const [, count, unit] of text.matchAll(part)) sum += Number(count) * (units[unit ?? ''] ?? 0);
  return sum;
}

/** JavaScript takes a date without a time as one of Greenwich. */
function local(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text;
}
