// Stands in for AbortController. Node compiles that, and what it is made of, when it is used for the first time, which
// takes a command two milliseconds; and each one takes a start of a program as much of its JavaScript as its streams.

/** What a start uses of an AbortSignal. */
class LightSignal implements Pick<AbortSignal, 'aborted' | 'reason' | 'addEventListener' | 'removeEventListener'> {
  readonly #listeners = new Set<() => void>();
  aborted = false;
  reason: unknown;

  addEventListener(_type: string, listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
  }
}

/** A signal for a start of this program, and what fires it. */
export function lightAbort(): { readonly signal: AbortSignal; readonly abort: (reason: unknown) => void } {
  const signal = new LightSignal();
  return { signal: signal as unknown as AbortSignal, abort: (reason) => signal.abort(reason) };
}
