import { findExecutable } from '../../native/executable.ts';

/**
 * The file of orlop-archive: `ORLOP_ARCHIVE` and no other, or the one beside the addon.
 *
 * @throws RequestError (ORLOP_E_NATIVE) that names all that was tried.
 */
export async function archiveExecutable(): Promise<string> {
  return findExecutable('orlop-archive', 'ORLOP_ARCHIVE', process.env.ORLOP_ARCHIVE);
}
