// Replaces AbortController. On its first use, Node compiles AbortController and its base classes, which takes a command
// two milliseconds. Each instance costs a start as much JavaScript as its streams.

/** The part of AbortSignal that a start uses. */
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

/** A signal for a start of this program, and the function that fires it. */
export function lightAbort(): { readonly signal: AbortSignal; readonly abort: (reason: unknown) => void } {
  const signal = new LightSignal();
  return { signal: signal as unknown as AbortSignal, abort: (reason) => signal.abort(reason) };
}
