import type { ExitStatus } from '../supervise/exit.ts';

const claimed = new Set<string>();

/** Reserves a container for a start by this program; false if it is reserved already. */
export function reserve(id: string): boolean {
  if (claimed.has(id)) return false;
  claimed.add(id);
  return true;
}

export function isReserved(id: string): boolean {
  return claimed.has(id);
}

/** Ends the reservation: the application has exited, or the start has failed. */
export function unreserve(id: string): void {
  claimed.delete(id);
}

const exits = new Map<string, Promise<ExitStatus>>();

/** Exit of a container that this program runs; undefined for any other. The record may be removed with the exit. */
export function ownExit(id: string): Promise<ExitStatus> | undefined {
  return exits.get(id);
}

/** Keeps the exit of a running application until it is settled, which is after the container is recorded or removed. */
export function setOwnExit(id: string, exit: Promise<ExitStatus>): void {
  exits.set(id, exit);
  const settle = () => exits.delete(id);
  exit.then(settle, settle);
}
