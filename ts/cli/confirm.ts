import { createInterface } from 'node:readline';
import type { Io } from './io.ts';

/** Asks before data is deleted. Any answer but `y` or `yes` means no. */
export async function confirm(io: Io, warning: string): Promise<boolean> {
  io.stderr.write(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const lines = createInterface({ input: io.stdin() });
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
    return false;
  } finally {
    lines.close();
  }
}
