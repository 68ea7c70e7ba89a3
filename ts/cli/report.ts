import { CommanderError } from 'commander';
import pc from 'picocolors';
import type { LaunchError, RequestError } from '../errors/index.ts';
import type { Io } from './io.ts';

/** orlop itself failed, as in Docker. */
export const failed = 125;

/** Prints an error once, for people, and returns the exit status it stands for. */
export function report(io: Io, error: unknown): number {
  const { message, hint } = describe(error);
  const colors = pc.createColors(io.isTerminal(2) && io.env.NO_COLOR === undefined);
  io.stderr.write(`${colors.red('orlop:')} ${message}\n`);
  if (hint !== undefined) io.stderr.write(`${colors.dim('hint:')} ${hint}\n`);
  return isOwn(error) && error.name === 'LaunchError' ? error.exitCode : failed;
}

function describe(error: unknown): { message: string; hint?: string | undefined } {
  if (isOwn(error)) return { message: error.message, hint: error.hint };
  if (error instanceof CommanderError)
    return { message: error.message.replace(/^error: /, '').split('\n', 1)[0] ?? '' };
  if (error instanceof Error && 'syscall' in error && typeof error.syscall === 'string')
    return { message: error.message };
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    message: `internal error: ${trace}`,
    hint: 'this is a mistake in orlop; please report it with the lines above',
  };
}

/** By name: where a module was loaded twice (as a module and by require), its classes exist twice. */
function isOwn(error: unknown): error is RequestError | LaunchError {
  return error instanceof Error && (error.name === 'RequestError' || error.name === 'LaunchError');
}
