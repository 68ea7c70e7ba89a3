import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Default parent of the tests' directories. */
export const temporaryParent = '/var/tmp';

/**
 * A directory of this test on a real file system (not every tmpfs can hold an overlay's upper layer), removed
 * afterwards. Call it in a `describe`; the returned function gives the path during a test.
 */
export function temporaryDirectory(parent = temporaryParent): () => string {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(parent, 'orlop-test-'));
  });
  afterEach(async () => {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
      // It has files of a user's subordinate IDs. Loaded here, because most tests have none.
      const { removeAll } = await import('./orlop.ts');
      await removeAll(path);
    }
  });
  return () => path;
}

/** Time that a look counts at most. */
const maxLookMs = 200;

/**
 * Waits until `condition` returns a value other than false, null or undefined. Fails after `seconds`, without the time
 * of looks that take longer than they should and of stops of the whole program, so that a slow machine does not fail.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = 60,
): Promise<Exclude<T, false | null | undefined>> {
  let left = seconds * 1000;
  for (let last = Date.now(); ; ) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    const now = Date.now();
    left -= Math.min(now - last, maxLookMs);
    last = now;
    if (left < 0) throw new Error(`waited ${seconds} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
