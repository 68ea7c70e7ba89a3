import type { ExitStatus } from '../supervise/exit.ts';

const claimed = new Set<string>();

/** Takes a container for a start, by its ID; false when this program is at it already. */
export function reserve(id: string): boolean {
  if (claimed.has(id)) return false;
  claimed.add(id);
  return true;
}

export function isReserved(id: string): boolean {
  return claimed.has(id);
}

/** It has ended, or there was no start after all. */
export function unreserve(id: string): void {
  claimed.delete(id);
}

const ends = new Map<string, Promise<ExitStatus>>();

/** The end of a container that this program runs: known here although its record may go with it. */
export function ownEnd(id: string): Promise<ExitStatus> | undefined {
  return ends.get(id);
}

/** Its application runs; `end` is settled when all that follows from its end is done. */
export function setOwnEnd(id: string, end: Promise<ExitStatus>): void {
  ends.set(id, end);
  const settle = () => ends.delete(id);
  end.then(settle, settle);
}
