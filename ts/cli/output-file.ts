import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import type { Io } from './io.ts';

/**
 * Runs `write` with a descriptor for the archive: that of the file, which appears under its name only when it is
 * complete, or standard output, unless that is a terminal.
 */
export async function withOutput(
  io: Io,
  file: string | undefined,
  write: (descriptor: number) => Promise<void>,
): Promise<void> {
  if (file === undefined || file === '-') {
    if (io.isTerminal(1)) {
      throw new RequestError('ORLOP_E_USAGE', 'an archive is not written to a terminal', {
        hint: `use '-o FILE', or redirect standard output`,
      });
    }
    return write(1);
  }
  const temporary = `${file}.${randomBytes(6).toString('hex')}.partial`;
  const handle = await open(temporary, 'wx');
  try {
    await write(handle.fd);
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}
