import { randomBytes } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Io } from '../io.ts';
import { cleaning } from './endings.ts';

type Write = (descriptor: number) => Promise<void>;

/** Mode of an archive: its content comes from a store that other users cannot read. */
const ownerOnly = 0o600;

/**
 * Runs `write` with a descriptor for the archive. A new or regular file appears under its name only when it is
 * complete; a device or a FIFO is written in place. Without a file, the descriptor is standard output, which must not
 * be a terminal.
 *
 * @param mode mode of a new file, before the umask
 * @throws RequestError ORLOP_E_INPUT if the file cannot be made
 */
export async function withOutput(
  io: Io,
  file: string | undefined,
  write: Write,
  { mode = ownerOnly }: { readonly mode?: number } = {},
): Promise<void> {
  if (file === undefined || file === '-') {
    if (io.isTerminal(1)) {
      throw new RequestError('ORLOP_E_USAGE', 'an archive is not written to a terminal', {
        hint: `use '-o FILE', or redirect standard output`,
      });
    }
    return write(1);
  }
  const place = await placeOf(file);
  if (place === null) await fill(file, write);
  else await replace(io, file, place, mode, write);
}

/** Path to rename the complete file to, with symlinks resolved; null if the path is not a regular file. */
async function placeOf(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? await realpath(file) : null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return file;
    throw refusal(file, error);
  }
}

/** Writes in place: /dev/null must not be replaced by a file. */
async function fill(file: string, write: Write): Promise<void> {
  const handle = await open(file, constants.O_WRONLY).catch((error: unknown) => {
    throw refusal(file, error);
  });
  try {
    await write(handle.fd);
  } finally {
    await handle.close();
  }
}

async function replace(io: Io, file: string, place: string, mode: number, write: Write): Promise<void> {
  const temporary = `${place}.${randomBytes(6).toString('hex')}.partial`;
  const handle = await open(temporary, 'wx', mode).catch((error: unknown) => {
    throw refusal(file, error);
  });
  const removeFile = (): void => rmSync(temporary, { force: true });
  await cleaning(io, removeFile, async () => {
    try {
      await write(handle.fd);
      await handle.close();
      await rename(temporary, place);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

function refusal(file: string, cause: unknown): RequestError {
  const reasons: Readonly<Record<string, readonly [why: string, hint: string]>> = {
    ENOENT: ['its directory does not exist', `make it first: mkdir -p '${dirname(file)}'`],
    ENOTDIR: ['a part of its path is no directory', 'check the path'],
    EISDIR: ['it is a directory', 'name a file in it'],
    EACCES: ['permission denied', 'choose a place that you may write to'],
    EROFS: ['the file system is read-only', 'choose another place'],
  };
  const reason = reasons[errorCode(cause) ?? ''];
  const why = reason?.[0] ?? messageOf(cause);
  return new RequestError('ORLOP_E_INPUT', `'${file}' cannot be written: ${why}`, { hint: reason?.[1], cause });
}
