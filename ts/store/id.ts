import { randomBytes } from 'node:crypto';

/** A new ID: 64 hex digits from the system's random source, as Docker's. */
export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** Whether a text has the form of an ID that `newId` makes. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
