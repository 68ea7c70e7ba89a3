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
  afterEach(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return () => path;
}

/**
 * Waits until `condition` returns a value other than false, null or undefined. Fails after `seconds`, long enough for
 * any machine.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = 60,
): Promise<Exclude<T, false | null | undefined>> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
