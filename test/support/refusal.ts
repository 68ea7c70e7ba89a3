import { RequestError } from '../../ts/errors/index.ts';

/** The RequestError that a promise rejects with. Fails on any other result. */
export async function refusal(promise: Promise<unknown>): Promise<RequestError> {
  let reason: unknown;
  try {
    await promise;
  } catch (error) {
    reason = error;
  }
  if (reason instanceof RequestError) return reason;
  throw new Error(`expected a RequestError, got ${reason === undefined ? 'none' : reason}`, { cause: reason });
}

/** The RequestError that a call throws. Fails on any other result. */
export function refusalOf(act: () => unknown): RequestError {
  try {
    act();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('expected a RequestError, got none');
}
