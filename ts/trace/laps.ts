import type { Step } from './step.ts';
import type { Phase } from './types.ts';

/** CLOCK_MONOTONIC in nanoseconds, the clock of the addon's times; exact as a number for 104 days after boot. */
function now(): number {
  // process.hrtime takes half the time of its bigint form.
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/**
 * Times the caller's side of a start. Each lap ends at its call and begins at the end of the previous one, so that the
 * steps have no gaps.
 */
export class Laps {
  readonly #steps: Step[] = [];
  readonly #isOneCall: boolean;
  #phase: Phase;
  #last: number;
  #zero: number;

  /**
   * @param phase phase of the first laps: 'create' if the container is made first
   * @param extent 'whole': creation and start are one call; 'parts': the start is a call of its own
   */
  constructor(phase: 'create' | 'call', extent: 'whole' | 'parts' = 'whole') {
    this.#phase = phase;
    this.#isOneCall = extent === 'whole';
    this.#last = this.#zero = now();
  }

  /** Time of the call, CLOCK_MONOTONIC in nanoseconds. */
  get zero(): number {
    return this.#zero;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Ends a step, and begins the next one. */
  lap(name: string, reason: string, until = now()): void {
    const to = Math.max(this.#last, until);
    this.#steps.push({ phase: this.#phase, name, reason, thread: 'javascript', from: this.#last, to });
    this.#last = to;
  }

  /** Begins the start of the container, after its creation. */
  start(): this {
    if (!this.#isOneCall) {
      this.lap('pause', 'until start was called');
      this.#zero = this.#last;
    }
    this.#phase = 'call';
    return this;
  }

  /**
   * Ends the addon's part. `called`: time of the call that launched; `returned`: time at which the launching thread
   * noticed that the application ran.
   *
   * @param atEnd true if the addon reported start and exit together, so that the time between them is not the caller's
   */
  launched({ called, returned }: { readonly called: number; readonly returned: number }, atEnd = false): void {
    this.lap('call', 'of the addon', called);
    this.#phase = 'after';
    this.#last = atEnd ? now() : returned;
    if (!atEnd) this.lap('report', 'from the launching thread to the caller');
  }
}
