import { readFileSync } from 'node:fs';

/** Content of a file; empty if it cannot be read. Synchronous: the kernel answers from memory, faster than a thread. */
export function readIfAny(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
