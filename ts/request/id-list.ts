import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

type Range = readonly [first: number, last: number];

/** The highest number of a processor in Docker, and in the kernels of distributions (NR_CPUS). */
const highest = 8191;

/**
 * Parses numbers of processors or memory nodes in the kernel's list format, cpuset(7): `0-2,4`. The result is sorted,
 * and has each number once.
 *
 * @param what one of them, in words
 * @param online what the machine has, in the same format; null if that is not known
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseIdList(what: 'processor' | 'memory node', text: string, online: string | null): string {
  const ranges = merge(text.split(',').map((part) => rangeOf(what, text, part)));
  if (online !== null) requireOnline(what, ranges, online);
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** Number of the processors in a list of the kernel. */
export function countOf(list: string): number {
  return rangesOf(list).reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function rangeOf(what: string, text: string, part: string): Range {
  const [, from = '', to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
  if (from === '') {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is no list of ${what}s`, {
      hint: `write numbers, and ranges of them, as '0-2,4'`,
    });
  }
  const [first, last] = [Number(from), Number(to)];
  if (first > last) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} has a range of ${what}s that ends before it begins`, {
      hint: `write '${last}-${first}'`,
    });
  }
  if (last > highest) {
    throw new RequestError('ORLOP_E_INPUT', `there is no ${what} ${last}`, { hint: `the highest is ${highest}` });
  }
  return [first, last];
}

/** Ranges of a list that the kernel wrote: in order, and apart. */
function rangesOf(list: string): readonly Range[] {
  return list.split(',').map((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return [first, last];
  });
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const [first, last] of ranges.toSorted(([one], [other]) => one - other)) {
    const before = merged.at(-1);
    if (before === undefined || first > before[1] + 1) merged.push([first, last]);
    else merged[merged.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return merged;
}

function requireOnline(what: string, wanted: readonly Range[], online: string): void {
  const there = rangesOf(online);
  for (const [first, last] of wanted) {
    for (let id = first; id <= last; id++) {
      if (there.some(([from, to]) => from <= id && id <= to)) continue;
      throw new RequestError('ORLOP_E_INPUT', `this machine has no ${what} ${id}`, { hint: `it has ${online}` });
    }
  }
}
