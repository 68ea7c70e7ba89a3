import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where tests work, unless they say otherwise. */
export const temporaryParent = '/var/tmp';

/**
 * A directory of this test's own on a real file system (an overlay's upper layer cannot lie on every tmpfs), removed
 * afterwards. Call it in a `describe`; the function that it returns gives the path during a test.
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
 * Waits until `condition` gives something other than false, null or undefined; fails after `seconds`. They are for what
 * never comes, however slow the machine is.
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
