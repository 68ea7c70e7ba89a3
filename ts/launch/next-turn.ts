/**
 * Calls `work` in the next turn of the event loop, for what nobody waits for. One immediate would not do: those that are
 * asked for while an event is handled belong to the same turn, and keep whoever is to be served next waiting.
 */
export function inNextTurn<Argument>(work: (argument: Argument) => void, argument: Argument): void {
  setImmediate(again, work, argument);
}

/** Resolves in the next turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => inNextTurn(resolve, undefined));
}

function again<Argument>(work: (argument: Argument) => void, argument: Argument): void {
  setImmediate(work, argument);
}
