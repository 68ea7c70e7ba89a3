import { inNextTick } from '../launch/next-tick.ts';

/** Decides when taken items are replaced. */
export interface Pace {
  /**
   * Schedules a call of `refill`. Several calls before it schedule one.
   *
   * @param low half of the items or less are left
   */
  soon(refill: () => void, low: boolean): void;
  /** Cancels the scheduled call. */
  stop(): void;
}

/** Refills in the next tick of the event loop, when the taker has made its call. */
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
 * Delays of a refill, in ms. Making an item slows a start in progress: both need the processors and the kernel's lock
 * on mounts. With enough items left the refill waits until none has been taken for `pauseMs`, otherwise for one start.
 */
const pauseMs = 10;
const startMs = 2;

/** Refills after a pause. */
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
    // After the taker has sent its request.
    soon: (refill, low) => void setImmediate(begin, refill, low),
    stop,
  };
}
