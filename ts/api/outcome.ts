import { LaunchError, type Limit, RequestError, RunError } from '../errors/index.ts';
import type * as t from './types.ts';

/** Limits that end a run, by the code of their error. */
const limits: Readonly<Record<string, Limit>> = { ORLOP_E_TIMEOUT: 'wallTime', ORLOP_E_BUFFER: 'output' };

/** As a shell reports a command that could not be executed because of something else than the command. */
const notStarted = 125;

/** 128 + 9, for SIGKILL. */
const killed = 137;

type Output = string | Buffer;

export function succeeded<Text extends Output>(result: t.RunResult<Text>): t.RunOutcome<Text> {
  // Not spread: its times are computed on access.
  return Object.assign(result, { timedOut: result.timedOut === true, error: null });
}

/**
 * What is known of a run that failed.
 *
 * @param wasEnded its time-out, its signal or its input has ended it
 * @throws the error, if it is no failure of a run
 */
export function failed(
  error: unknown,
  encoding: 'utf8' | 'buffer' | undefined,
  wasEnded: boolean,
): t.RunOutcome<Output> {
  if (!(error instanceof RequestError || error instanceof LaunchError)) throw error;
  const none = encoding === 'buffer' ? Buffer.alloc(0) : '';
  const limit = limits[error.code] ?? null;
  const unknown = { signal: null, stdout: none, stderr: none, usage: null, oomKilled: false };
  const code = wasEnded || limit !== null ? killed : notStarted;
  const facts =
    error instanceof RunError ? error : { ...unknown, exitCode: error instanceof LaunchError ? error.exitCode : code };
  const { exitCode, signal, stdout, stderr, usage, oomKilled } = facts;
  return { exitCode, signal, stdout, stderr, usage, oomKilled, timedOut: limit === 'wallTime', limit, error };
}
