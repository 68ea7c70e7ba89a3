import { openSync } from 'node:fs';
import { findExecutable } from './executable.ts';

/**
 * The file of orlop-init: `ORLOP_INIT` and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function helperExecutable(override: string | undefined = process.env.ORLOP_INIT): string {
  return findExecutable('orlop-init', 'ORLOP_INIT', override);
}

/** O_PATH of open(2), which `node:fs` does not name: a file that is executed need not be readable. */
const openPath = 0o10000000;

/** Opens the file of orlop-init for execution. Throws as `helperExecutable`, and a system error. */
export function openHelper(): number {
  return openSync(helperExecutable(), openPath);
}
