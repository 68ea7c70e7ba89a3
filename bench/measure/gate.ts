import { flush, loadOver } from './load.ts';
import { NotQuiet, quietBelow, waitForQuiet } from './quiet.ts';

/** Lets measurements pass when the machine does nothing else. */
export interface Gate {
  /**
   * Before the first measurement of several.
   *
   * @returns the load
   * @throws NotQuiet when nothing may be measured now
   */
  open(): Promise<number>;
  /**
   * After each of them.
   *
   * @returns the load; null when something else has begun to run, maybe while it was measured
   */
  close(): Promise<number | null>;
}

const say = (message: string) => console.error(`bench: ${message}`);

/** For results that are kept: quiet for ten seconds before, and again after each measurement. */
export const strictGate: Gate = {
  open() {
    flush();
    return waitForQuiet({ loadOver, windowMs: 10_000, patienceMs: 300_000, say });
  },
  async close() {
    // What a measurement leaves to the kernel (namespaces to take down, blocks to discard) ends within seconds.
    flush();
    try {
      return await waitForQuiet({ loadOver, windowMs: 2000, patienceMs: 60_000 });
    } catch (error) {
      if (error instanceof NotQuiet) return null;
      throw error;
    }
  },
};

/** For results that are only shown: says what the machine does, and measures. */
export const openGate: Gate = {
  async open() {
    const load = await loadOver(2000);
    if (load >= quietBelow)
      say(`something else runs (load ${load}, not below ${quietBelow}): do not trust what follows`);
    return load;
  },
  close: () => loadOver(100),
};
