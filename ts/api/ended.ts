import { type ErrorCode, type ErrorOptions, RequestError, RunError, type RunFacts } from '../errors/index.ts';
import type { Deadline } from './deadline.ts';

export function overflown(name: string, limit: number, facts: RunFacts): RunError {
  return new RunError('ORLOP_E_BUFFER', `the application wrote more than ${limit} bytes to its ${name}`, facts, {
    hint: `raise maxBuffer, or read the stream: create a container, and start it`,
  });
}

export function aborted(signal: AbortSignal, facts?: RunFacts): RequestError {
  return ended('ORLOP_E_ABORTED', 'the run was ended by its AbortSignal', facts, { cause: signal.reason });
}

export function isAborted(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === 'ORLOP_E_ABORTED';
}

/** The error to report of a run that its deadline has ended, whatever operation it interrupted. */
export function explainEnd(
  error: RequestError,
  { timedOut, failure }: Deadline,
  { image, timeout }: { readonly image: string; readonly timeout: number | undefined },
): RequestError {
  const facts = error instanceof RunError ? error : undefined;
  if (failure !== null) return ended(failure.code, failure.message, facts, { cause: failure.cause });
  if (!timedOut) return error;
  const message = `a run of image '${image}' took longer than ${timeout} ms and was ended`;
  return ended('ORLOP_E_TIMEOUT', message, facts, { hint: 'raise timeout' });
}

/** The error of a run that was ended, with what its application had done, if that is known. */
function ended(code: ErrorCode, message: string, facts: RunFacts | undefined, options: ErrorOptions): RequestError {
  return facts === undefined ? new RequestError(code, message, options) : new RunError(code, message, facts, options);
}
