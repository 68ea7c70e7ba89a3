import { LaunchError, type Limit, RequestError, RunError } from '../errors/index.ts';
import { noOutputs } from './output-form.ts';
import type { AnyRunInput } from './run.ts';
import type * as t from './types.ts';

/** Limits that end a run, by the code of their error. */
const limits: Readonly<Record<string, Limit>> = { ORLOP_E_TIMEOUT: 'wallTime', ORLOP_E_BUFFER: 'output' };

/** As a shell reports a command that could not be executed because of something else than the command. */
const notStarted = 125;

/** 128 + 9, for SIGKILL. */
const killed = 137;

export function succeeded<Output extends t.RunOutput>(result: t.RunResult<Output>): t.RunOutcome<Output> {
  // Not spread: its times are computed on access.
  return Object.assign(result, { timedOut: result.timedOut === true, error: null });
}

/**
 * What is known of a run that failed.
 *
 * @param options may be wrong, which is the error then
 * @param wasEnded its time-out, its signal or its input has ended it
 * @throws the error, if it is no failure of a run
 */
export function failed(error: unknown, options: AnyRunInput, wasEnded: boolean): t.RunOutcome<t.RunOutput> {
  if (!(error instanceof RequestError || error instanceof LaunchError)) throw error;
  const limit = limits[error.code] ?? null;
  const unknown = { signal: null, ...noOutputs(options), usage: null, oomKilled: false };
  const code = wasEnded || limit !== null ? killed : notStarted;
  const facts =
    error instanceof RunError ? error : { ...unknown, exitCode: error instanceof LaunchError ? error.exitCode : code };
  const { exitCode, signal, stdout, stderr, all, usage, oomKilled } = facts;
  const outputs = { stdout, stderr, ...(all === undefined ? {} : { all }) };
  return { exitCode, signal, ...outputs, usage, oomKilled, timedOut: limit === 'wallTime', limit, error };
}
