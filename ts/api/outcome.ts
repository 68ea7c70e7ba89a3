import { LaunchError, type Limit, RequestError, RunError } from '../errors/index.ts';
import type { AnyRunInput, AnyRunResult } from './run.ts';
import type * as t from './types.ts';

/** Limits that end a run, by the code of their error. */
const limits: Readonly<Record<string, Limit>> = { ORLOP_E_TIMEOUT: 'wallTime', ORLOP_E_BUFFER: 'output' };

/** As a shell reports a command that could not be executed because of something else than the command. */
const notStarted = 125;

/**
 * Gives the result of a run; with `reject: false` also what is known of one that failed.
 *
 * @throws what is no failure of the run: a TypeError, say
 */
export async function settledRun(
  run: () => Promise<t.RunResult<never>>,
  { reject, encoding }: AnyRunInput,
): Promise<AnyRunResult> {
  if (reject !== undefined && typeof reject !== 'boolean') {
    throw new RequestError('ORLOP_E_INPUT', `reject is '${reject}', expected true or false`);
  }
  if (reject !== false) return run() as Promise<AnyRunResult>;
  try {
    // Not spread: its times are computed on access.
    const result = await run();
    return Object.assign(result, { timedOut: result.timedOut === true, error: null }) as never;
  } catch (error) {
    if (error instanceof RequestError || error instanceof LaunchError) return failed(error, encoding) as never;
    throw error;
  }
}

function failed(error: RequestError | LaunchError, encoding: AnyRunInput['encoding']): t.RunOutcome<string | Buffer> {
  const none = encoding === 'buffer' ? Buffer.alloc(0) : '';
  const limit = limits[error.code] ?? null;
  const facts =
    error instanceof RunError
      ? error
      : { signal: null, stdout: none, stderr: none, usage: null, oomKilled: false, exitCode: exitCodeOf(error) };
  const { exitCode, signal, stdout, stderr, usage, oomKilled } = facts;
  return { exitCode, signal, stdout, stderr, usage, oomKilled, timedOut: limit === 'wallTime', limit, error };
}

function exitCodeOf(error: RequestError | LaunchError): number {
  return error instanceof LaunchError ? error.exitCode : notStarted;
}
