import { randomBytes } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Io } from '../io.ts';

type Write = (descriptor: number) => Promise<void>;

/** Who may read an archive: what is in it lies in a store that is closed to others. */
const ownerOnly = 0o600;

/**
 * Runs `write` with a descriptor for the archive: that of the file, which appears under its name only when it is
 * complete, or standard output, unless that is a terminal. A device or a FIFO is written to as it is.
 *
 * @param mode of a new file, from which the umask takes bits away
 * @throws RequestError ORLOP_E_INPUT when the file cannot be made
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

/** Where the whole file is to appear, through links to one; null where something stands that is no file. */
async function placeOf(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? await realpath(file) : null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return file;
    throw refusal(file, error);
  }
}

/** In the place of /dev/null there must never be a file. */
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
  const end = (signal: NodeJS.Signals): void => {
    rmSync(temporary, { force: true });
    io.endBy(signal);
  };
  for (const signal of endings) io.signals.on(signal, end);
  try {
    await write(handle.fd);
    await handle.close();
    await rename(temporary, place);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  } finally {
    for (const signal of endings) io.signals.off(signal, end);
  }
}

/** Nobody else removes half a file from where the user wanted a whole one. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function refusal(file: string, cause: unknown): RequestError {
  const reasons: Readonly<Record<string, readonly [why: string, hint: string]>> = {
    ENOENT: ['its directory does not exist', `make it first: mkdir -p '${dirname(file)}'`],
    ENOTDIR: ['a part of its path is no directory', 'check the path'],
    EISDIR: ['it is a directory', 'name a file in it'],
    EACCES: ['permission denied', 'choose a place that you may write to'],
    EROFS: ['the file system is read-only', 'choose another place'],
  };
  const told = reasons[errorCode(cause) ?? ''];
  const why = told?.[0] ?? messageOf(cause);
  return new RequestError('ORLOP_E_INPUT', `'${file}' cannot be written: ${why}`, { hint: told?.[1], cause });
}
