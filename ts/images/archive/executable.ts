import { findExecutable } from '../../native/executable.ts';

/**
 * Path of orlop-archive: `ORLOP_ARCHIVE` if it is set, otherwise the file beside the addon.
 *
 * @throws RequestError ORLOP_E_NATIVE that names all paths tried
 */
export async function archiveExecutable(): Promise<string> {
  return findExecutable('orlop-archive', 'ORLOP_ARCHIVE', process.env.ORLOP_ARCHIVE);
}
