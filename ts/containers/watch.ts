import { RequestError } from '../errors/index.ts';
import { maxDelayMs } from '../launch/abort.ts';
import { sigkill } from '../linux/signals.ts';
import type { Exit } from '../native/contract.ts';
import type { Limits } from '../request/limits.ts';
import type { TimeLimit } from '../supervise/settle-exit.ts';

/** The shortest time between two looks at the processor time, in ms. */
const shortestMs = 5;

const errors = {
  wallTime: ['ORLOP_E_TIMEOUT', "the container's limit of time was over before its application could begin"],
  cpuTime: ['ORLOP_E_LIMIT', "the container's limit of processor time was used up before its application could begin"],
} as const;

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
    if (wallTime !== undefined) this.#wait(wallTime);
    if (cpuTime !== undefined) this.#look(cpuTime);
  }

  /** The limit that ended the container; null if none did, or it had ended by itself before the kill came. */
  endedBy({ signal }: Exit): TimeLimit | null {
    return signal === sigkill ? this.#met : null;
  }

  /** Says which limit has ended a start; gives other errors of a start as they are. */
  explain(error: unknown): unknown {
    if (this.#met === null || (error instanceof RequestError && error.code === 'ORLOP_E_ABORTED')) return error;
    const [code, message] = errors[this.#met];
    const hint = `raise the limit '${this.#met}': the start is a part of it`;
    return new RequestError(code, message, { hint, cause: error });
  }

  /** Call at the exit. */
  stop(): void {
    clearTimeout(this.#wall);
    clearTimeout(this.#processors);
  }

  #wait(ms: number): void {
    const left = ms - maxDelayMs;
    this.#wall = later(ms, () => (left > 0 ? this.#wait(left) : this.#end('wallTime')));
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
