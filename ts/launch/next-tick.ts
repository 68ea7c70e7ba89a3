/**
 * Calls `work` in the next tick of the event loop. One immediate would not do: those that are asked for while an event is
 * handled belong to the same tick, and delay the callbacks that are due.
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
