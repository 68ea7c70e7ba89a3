import { constants } from 'node:fs';
import { lstat, open, unlink } from 'node:fs/promises';
import { RequestError } from '../../errors/index.ts';
import { errorCode } from '../../store/system-error.ts';

/** Writes a text to the file, in place of what it held. */
export type WriteFile = (text: string) => Promise<void>;

/**
 * Runs `use` with a file that is opened before anything is made, so that a bad path is no surprise at the end. Removes
 * a file that it created if nothing was written.
 *
 * @param file path; undefined for none
 * @param before what becomes of what the file holds until then
 * @throws RequestError ORLOP_E_INPUT if the file is there, and that is refused
 */
export async function withEarlyFile<Result>(
  file: string | undefined,
  before: 'kept' | 'emptied' | 'refused',
  use: (write: WriteFile | undefined) => Promise<Result>,
): Promise<Result> {
  if (file === undefined) return use(undefined);
  const existed = await lstat(file).then(
    () => true,
    () => false,
  );
  const mode = { kept: 0, emptied: constants.O_TRUNC, refused: constants.O_EXCL }[before];
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | mode, 0o666).catch((cause: unknown) => {
    if (errorCode(cause) !== 'EEXIST') throw cause;
    throw new RequestError('ORLOP_E_INPUT', `the file '${file}' is there already`, {
      hint: 'it may name a container that exists: remove the file, or choose another name',
      cause,
    });
  });
  let used = existed;
  try {
    return await use(async (text) => {
      used = true;
      if ((await handle.stat()).isFile()) await handle.truncate();
      await handle.writeFile(text).catch((error: NodeJS.ErrnoException) => {
        // Node names the call only.
        throw Object.assign(error, { path: file, message: `${error.message} '${file}'` });
      });
    });
  } finally {
    await handle.close();
    if (!used) await unlink(file).catch(() => {});
  }
}
