import { RequestError } from '../errors/index.ts';
import { longestDelay } from '../launch/abort.ts';
import { lightAbort } from './light-abort.ts';

/**
 * A time-out as the delay of a timer, ms.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function delayOf(timeout: number): number {
  if (timeout >= 0) return Math.min(timeout, longestDelay);
  throw new RequestError('ORLOP_E_INPUT', `the time-out '${timeout}' is not a number of milliseconds`);
}

/**
 * The caller's signal and time-out as one signal. Not AbortSignal.any and AbortSignal.timeout: those stay with the
 * caller's signal, and with the timers, long after a short run has ended.
 */
export class Deadline implements Disposable {
  readonly #own = lightAbort();
  readonly #given: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #timedOut = false;

  constructor(given: AbortSignal | undefined, timeout: number | undefined) {
    this.#given = given;
    if (timeout !== undefined) this.#timer = setTimeout(this.#expire, delayOf(timeout));
    given?.addEventListener('abort', this.#abort, { once: true });
    if (given?.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Whether it was the time-out. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  readonly #abort = (): void => this.#own.abort(this.#given?.reason);

  readonly #expire = (): void => {
    this.#timedOut = !this.#own.signal.aborted;
    this.#own.abort(undefined);
  };

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#abort);
  }
}
