import { RequestError } from '../errors/index.ts';
import { longestDelay } from '../launch/abort.ts';
import { lightAbort } from '../launch/light-abort.ts';

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
  readonly #delay: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #runs = false;
  #timedOut = false;

  constructor(given: AbortSignal | undefined, timeout: number | undefined) {
    this.#given = given;
    this.#delay = timeout === undefined ? undefined : delayOf(timeout);
  }

  /** The time runs from when somebody first asks: to set a timer is a twentieth of what a request to a pool takes. */
  get signal(): AbortSignal {
    if (!this.#runs) this.#run();
    return this.#own.signal;
  }

  get aborted(): boolean {
    return this.#own.signal.aborted || this.#given?.aborted === true;
  }

  /** Whether it was the time-out. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  #run(): void {
    this.#runs = true;
    if (this.#delay !== undefined) this.#timer = setTimeout(this.#expire, this.#delay);
    this.#given?.addEventListener('abort', this.#abort, { once: true });
    if (this.#given?.aborted) this.#abort();
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
