import { inNextTick } from '../launch/next-tick.ts';

/** When items are made again that were taken. */
export interface Pace {
  /**
   * Has `refill` called, once, however often this is called before.
   *
   * @param low half of the items or less are left
   */
  soon(refill: () => void, low: boolean): void;
  /** Has it not called any more. */
  stop(): void;
}

/** In the next tick of the event loop, when the taker has made its call. */
export function nextTickPace(): Pace {
  let due: (() => void) | null = null;
  const run = () => {
    const refill = due;
    due = null;
    refill?.();
  };
  return {
    soon(refill) {
      if (due === null) inNextTick(run, undefined);
      due = refill;
    },
    stop() {
      due = null;
    },
  };
}

/**
 * After a pause, ms. Making an item takes the processors, and the kernel's lock on mounts, from the start that took one:
 * while there are enough it waits until none has been taken for a while, and otherwise for that start to be over.
 */
const pauseMs = 10;
const startMs = 2;

export function pausePace(): Pace {
  let next: { readonly timer: NodeJS.Timeout; readonly low: boolean } | null = null;
  const stop = () => {
    clearTimeout(next?.timer);
    next = null;
  };
  const begin = (refill: () => void, low: boolean) => {
    if (next?.low) return;
    if (next !== null && !low) {
      next.timer.refresh();
      return;
    }
    stop();
    const run = () => {
      stop();
      refill();
    };
    next = { timer: setTimeout(run, low ? startMs : pauseMs).unref(), low };
  };
  return {
    // When the taker has handed on what it took.
    soon: (refill, low) => void setImmediate(begin, refill, low),
    stop,
  };
}
