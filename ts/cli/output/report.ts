import type { LaunchError, RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { printable } from '../../plan/printable.ts';
import { errorCode } from '../../store/system-error.ts';
import type { Io } from '../io.ts';
import { paintFor } from './colors.ts';

/** orlop itself failed, as in Docker. */
export const failed = 125;

/** 128 + SIGPIPE, as a shell shows it: in `orlop ps | head -1` the reader had enough. */
const pipeClosed = 141;

/** Prints an error once, for people, and returns the exit status it stands for. */
export function report(io: Io, error: unknown): number {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return pipeClosed;
  tell(io, describe(error));
  return isOwn(error) && error.name === 'LaunchError' ? error.exitCode : failed;
}

export interface Told {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Says something to the one who typed the command, beside what the application writes. */
export function tell(io: Io, told: Told): void {
  const { message, hint } = shown(told);
  const paint = paintFor(io, 2);
  io.stderr.write(`${paint('red', 'orlop:')} ${message}\n`);
  if (hint !== undefined) io.stderr.write(`${paint('dim', 'hint:')} ${hint}\n`);
}

/** For what the kernel refuses anywhere. */
const hints: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit of open files: ulimit -n 4096',
  ENFILE: 'the whole machine has too many files open: raise fs.file-max',
};

const internal = 'internal error: ';

/** Names from images and paths of the host are in messages, and must not steer a terminal. */
function shown({ message, hint }: Told): Told {
  // The lines of a stack trace stay lines.
  const lines = message.split('\n');
  const safe = lines.length > 1 && message.startsWith(internal) ? lines.map(printable).join('\n') : printable(message);
  return { message: safe, hint: hint === undefined ? undefined : printable(hint) };
}

function describe(error: unknown): Told {
  if (isOwn(error)) return { message: error.message, hint: error.hint };
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

/** By name: where a module was loaded twice (as a module and by require), its classes exist twice. */
function isOwn(error: unknown): error is RequestError | LaunchError {
  return error instanceof Error && (error.name === 'RequestError' || error.name === 'LaunchError');
}
