import { maxDelayMs } from '../launch/abort.ts';
import type { Limits } from '../request/limits.ts';
import type { TimeLimit } from '../supervise/settle-exit.ts';

/** The shortest time between two looks at the processor time, in ms. */
const shortestMs = 5;

/**
 * Ends a container at its limits of time, for which the kernel has none. The processor time is looked at when it can
 * have been used up at the earliest, by all processors.
 */
export class Watch {
  readonly #kill: () => void;
  readonly #used: () => number;
  #wall: NodeJS.Timeout | undefined;
  #processors: NodeJS.Timeout | undefined;
  #met: TimeLimit | null = null;

  /**
   * @param used processor time of the container so far, in ms
   * @param kill kills it, at any time after the launch has begun
   */
  constructor({ cpuTime, wallTime }: Limits, used: () => number, kill: () => void) {
    this.#used = used;
    this.#kill = kill;
    if (wallTime !== undefined) this.#wall = later(wallTime, () => this.#end('wallTime'));
    if (cpuTime !== undefined) this.#look(cpuTime);
  }

  /** The limit that ended the container; null if none did. */
  get met(): TimeLimit | null {
    return this.#met;
  }

  /** Call at the exit. */
  stop(): void {
    clearTimeout(this.#wall);
    clearTimeout(this.#processors);
  }

  #look(limit: number): void {
    const left = limit - this.#used();
    if (left <= 0) {
      this.#end('cpuTime');
      return;
    }
    const { availableParallelism } = process.getBuiltinModule('node:os');
    const pause = Math.max(left / availableParallelism(), shortestMs);
    this.#processors = later(pause, () => this.#look(limit));
  }

  #end(limit: TimeLimit): void {
    this.stop();
    this.#met = limit;
    this.#kill();
  }
}

/** A timer that keeps no program alive: the container that it watches does. */
function later(ms: number, work: () => void): NodeJS.Timeout {
  return setTimeout(work, Math.min(ms, maxDelayMs)).unref();
}
