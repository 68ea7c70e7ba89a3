import { randomBytes } from 'node:crypto';

/** A new ID: 64 hexadecimal digits from the system's random source, as in Docker. */
export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** True for a text in the form of `newId`. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
