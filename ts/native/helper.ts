import { findExecutable } from './executable.ts';

/**
 * The file of orlop-init: `ORLOP_INIT` and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export function helperExecutable(override: string | undefined = process.env.ORLOP_INIT): string {
  return findExecutable('orlop-init', 'ORLOP_INIT', override);
}
