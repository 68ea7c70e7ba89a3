import type { LaunchError, RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { printable } from '../../errors/printable.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Io } from '../io.ts';
import { paintFor } from './colors.ts';

/** Exit status when orlop itself failed, as in Docker. */
export const failed = 125;

/** 128 + SIGPIPE, as in a shell: the reader closed the pipe, for example `orlop ps | head -1`. */
const pipeClosed = 141;

/** Prints an error and returns its exit status. */
export function report(io: Io, error: unknown): number {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return pipeClosed;
  notify(io, describe(error));
  return isOrlopError(error) && error.name === 'LaunchError' ? error.exitCode : failed;
}

export interface Notice {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Prints a message and a hint to the user on standard error. */
export function notify(io: Io, notice: Notice): void {
  const { message, hint } = shown(notice);
  const paint = paintFor(io, 2);
  io.stderr.write(`${paint('red', 'orlop:')} ${message}\n`);
  if (hint !== undefined) io.stderr.write(`${paint('dim', 'hint:')} ${hint}\n`);
}

/** Hints for errors of any system call. */
const hints: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'the whole machine has too many files open: raise fs.file-max',
};

const internal = 'internal error: ';

/** Escapes names from images and paths of the host, which must not control a terminal. */
function shown({ message, hint }: Notice): Notice {
  // A stack trace keeps its lines.
  const lines = message.split('\n');
  const safe = lines.length > 1 && message.startsWith(internal) ? lines.map(printable).join('\n') : printable(message);
  return { message: safe, hint: hint === undefined ? undefined : printable(hint) };
}

function describe(error: unknown): Notice {
  if (isOrlopError(error)) return { message: error.message, hint: error.hint };
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('commander.'))
    return {
      message: error.message.replace(/^error: /, '').split('\n', 1)[0] ?? '',
      hint: `'orlop --help' shows what comes before a command`,
    };
  if (error instanceof Error && 'syscall' in error && typeof error.syscall === 'string')
    return { message: error.message, hint: hints[errorCode(error) ?? ''] };
  if (errorCode(error) === 'ERR_ACCESS_DENIED')
    return { message: messageOf(error), hint: 'orlop does not work under the permission model of Node: --permission' };
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    message: `${internal}${trace}`,
    hint: 'this is a mistake in orlop; please report it with the lines above',
  };
}

/** Compares names, because a module loaded both as ES module and by require has two copies of its classes. */
function isOrlopError(error: unknown): error is RequestError | LaunchError {
  return error instanceof Error && (error.name === 'RequestError' || error.name === 'LaunchError');
}
