/**
 * Calls `work` in the next tick of the event loop. Two immediates: one that is set while an event is handled still runs
 * in the same tick, and would delay the callbacks that are due.
 */
export function inNextTick<Argument>(work: (argument: Argument) => void, argument: Argument): void {
  setImmediate(again, work, argument);
}

/** Resolves in the next tick. */
export function nextTick(): Promise<void> {
  return new Promise((resolve) => inNextTick(resolve, undefined));
}

function again<Argument>(work: (argument: Argument) => void, argument: Argument): void {
  setImmediate(work, argument);
}
