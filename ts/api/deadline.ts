import { RequestError } from '../errors/index.ts';
import { maxDelayMs } from '../launch/abort.ts';
import { lightAbort } from './light-abort.ts';

/**
 * Checks a time-out and limits it to the longest timer delay, in ms; undefined for none, which 0 means too, as in Node.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function timerDelayMs(timeout: number | undefined): number | undefined {
  if (timeout === undefined || timeout === 0) return undefined;
  if (timeout > 0) return Math.min(timeout, maxDelayMs);
  throw new RequestError('ORLOP_E_INPUT', `the time-out '${timeout}' is not a number of milliseconds`);
}

/**
 * Combines the caller's signal, time-out and failures into one signal. AbortSignal.any and AbortSignal.timeout would keep objects
 * on the caller's signal, and timers, long after a short run has ended.
 */
export class Deadline implements Disposable {
  readonly #deadline = lightAbort();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #timedOut = false;
  #failure: RequestError | null = null;
  #thrown: { readonly error: unknown } | null = null;

  constructor(callerSignal: AbortSignal | undefined, timeout: number | undefined) {
    this.#callerSignal = callerSignal;
    const delay = timerDelayMs(timeout);
    callerSignal?.addEventListener('abort', this.#abort, { once: true });
    if (callerSignal?.aborted) this.#abort();
    // Last, because nothing would clear it if this constructor threw.
    if (delay !== undefined) this.#timer = setTimeout(this.#expire, delay);
  }

  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  /** True if the time-out fired first. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** What `fail` was called with, if that was first. */
  get failure(): RequestError | null {
    return this.#failure;
  }

  /** Fires the signal because of a failure of the caller's. */
  readonly fail = (failure: RequestError): void => {
    if (this.#deadline.signal.aborted) return;
    this.#failure = failure;
    this.#deadline.abort(failure);
  };

  /** What `rethrow` was called with, if that was first. */
  get thrown(): { readonly error: unknown } | null {
    return this.#thrown;
  }

  /** Fires the signal because of an error that the run is to throw as it is. */
  readonly rethrow = (error: unknown): void => {
    if (this.#deadline.signal.aborted) return;
    this.#thrown = { error };
    this.#deadline.abort(error);
  };

  readonly #abort = (): void => this.#deadline.abort(this.#callerSignal?.reason);

  readonly #expire = (): void => {
    this.#timedOut = !this.#deadline.signal.aborted;
    this.#deadline.abort(undefined);
  };

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener('abort', this.#abort);
  }
}
