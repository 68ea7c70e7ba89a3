import type { Step } from './step.ts';
import type { Phase } from './types.ts';

/** CLOCK_MONOTONIC in nanoseconds, the clock of the addon's times: exact as a number for the first 104 days after boot. */
function now(): number {
  // The older form makes no bigint, and takes half the time.
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/**
 * The caller's side of a start, as a lap timer: each lap ends at its call and began where the one before ended. So the
 * steps have no gaps between them and nothing that a start waits for goes without a name.
 */
export class Laps {
  readonly #steps: Step[] = [];
  readonly #whole: boolean;
  #phase: Phase;
  #last: number;
  #zero: number;

  /**
   * @param phase of the first laps: 'create' where the container is made first
   * @param extent 'whole': what is made and its start are one call; 'parts': a start that follows is a call of its own
   */
  constructor(phase: 'create' | 'call', extent: 'whole' | 'parts' = 'whole') {
    this.#phase = phase;
    this.#whole = extent === 'whole';
    this.#last = this.#zero = now();
  }

  /** When the call was made: nanoseconds of CLOCK_MONOTONIC. */
  get zero(): number {
    return this.#zero;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Ends a step. */
  lap(name: string, reason: string, until = now()): void {
    const to = Math.max(this.#last, until);
    this.#steps.push({ phase: this.#phase, name, reason, thread: 'javascript', from: this.#last, to });
    this.#last = to;
  }

  /** The container is made, and is now started: at once, or when its caller says so. */
  start(): this {
    if (!this.#whole) {
      this.lap('pause', 'until start was called');
      this.#zero = this.#last;
    }
    this.#phase = 'call';
    return this;
  }

  /**
   * The addon has answered: what it was given was called for at `called`, and the application ran at `returned`.
   *
   * @param atEnd it has answered when the application had ended: between the two, nobody waited for the caller
   */
  launched({ called, returned }: { readonly called: number; readonly returned: number }, atEnd = false): void {
    this.lap('call', 'of the addon', called);
    this.#phase = 'after';
    this.#last = atEnd ? now() : returned;
    if (!atEnd) this.lap('report', 'from the launching thread to the caller');
  }
}
