const millisecondsOfDay = 86_400_000;

/** The last formatted second, cached because a start asks two or three times. */
let last = { second: 0, text: '1970-01-01T00:00:00.' };

/** The current time in the format of `timestamp`. */
export function now(milliseconds = Date.now()): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== last.second) last = { second, text: timestamp(second * 1000).slice(0, -'000Z'.length) };
  return `${last.text}${digits(milliseconds - second * 1000, 3)}Z`;
}

/**
 * Formats a time like `Date.prototype.toISOString` (RFC 3339 in UTC). The first Date of a program makes V8 read the
 * time zone, which costs a start of the command line half a millisecond. Pure.
 *
 * @param milliseconds since 1970, in a year from 0 to 9999
 */
export function timestamp(milliseconds: number): string {
  const days = Math.floor(milliseconds / millisecondsOfDay);
  const rest = milliseconds - days * millisecondsOfDay;
  const { year, month, day } = dateOf(days);
  const time = [3_600_000, 60_000, 1000].map((unit, index) => digits(Math.floor(rest / unit) % (index ? 60 : 24), 2));
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${time.join(':')}.${digits(rest % 1000, 3)}Z`;
}

/**
 * The Gregorian date of a day counted from 1970-01-01. Years begin on 1 March, so that the leap day comes last, in
 * cycles of 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
function dateOf(days: number): { year: number; month: number; day: number } {
  const all = days + 719_468;
  const cycle = Math.floor(all / 146_097);
  const ofCycle = all - cycle * 146_097;
  const leaps = Math.floor(ofCycle / 1460) - Math.floor(ofCycle / 36_524) + Math.floor(ofCycle / 146_096);
  const yearOfCycle = Math.floor((ofCycle - leaps) / 365);
  const ofYear = ofCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
