import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Values of one measurement by name: milliseconds, or what the question says. */
export type Sample = Readonly<Record<string, number>>;

/** CLOCK_MONOTONIC in milliseconds: the clock that the application reads too. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What programs/turns.c measures from `begin` on: milliseconds, and how often the event loop went round. */
interface Turns {
  begin(): void;
  end(): { readonly longest: number; readonly busy: number; readonly turns: number };
}

let turns: Turns | null = null;

/** From now on each watch of this process also says how long the event loop was kept from turning. */
export function watchTurns(file: string): void {
  const module: { exports: object } = { exports: {} };
  process.dlopen(module, file);
  turns = module.exports as Turns;
}

/** Times one start, from its construction on. What it says of the event loop is right for one at a time. */
export class Watch {
  readonly #loop: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #called: number = now();

  constructor() {
    turns?.begin();
  }

  #returned: number | undefined;
  #ended: number | undefined;

  /** The call has returned: until here, it had the JavaScript thread to itself. */
  returned(): void {
    this.#returned = now() - this.#called;
  }

  /** The end of the application has been seen. */
  ended(): void {
    this.#ended ??= now() - this.#called;
  }

  /**
   * @param output of the application: CLOCK_MONOTONIC in nanoseconds at its first instruction; nothing when it reads no
   *   clock
   */
  sample(output: string): Sample {
    this.ended();
    const { active } = performance.eventLoopUtilization(this.#loop);
    const longest = turns?.end().longest;
    const first = Number(output) / 1e6 - this.#called;
    return {
      ...(output === '' ? {} : { first }),
      exit: this.#ended ?? Number.NaN,
      busy: active,
      ...(longest === undefined ? {} : { longest }),
      ...(this.#returned === undefined ? {} : { blocked: this.#returned }),
    };
  }
}
