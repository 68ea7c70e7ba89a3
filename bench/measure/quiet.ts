/** Results are taken when the load is below this. */
export const quietBelow = 0.5;

/** Something else runs, so that what is measured would not be true. */
export class NotQuiet extends Error {
  override readonly name = 'NotQuiet';
}

export interface Waiting {
  /** The load of the next `ms`; load.ts. */
  readonly loadOver: (ms: number) => Promise<number>;
  /** How long it has to be quiet. */
  readonly windowMs: number;
  /** How long to wait for that at most. */
  readonly patienceMs: number;
  /** Hears once that it waits. */
  readonly say?: (message: string) => void;
}

/**
 * Waits until nothing else runs.
 *
 * @returns the load then
 * @throws NotQuiet when that does not come
 */
export async function waitForQuiet({ loadOver, windowMs, patienceMs, say }: Waiting): Promise<number> {
  for (let waited = windowMs; ; waited += windowMs) {
    const load = await loadOver(windowMs);
    if (load < quietBelow) return load;
    if (waited >= patienceMs) throw new NotQuiet(`a load of ${load} for ${seconds(patienceMs)}`);
    if (waited === windowMs)
      say?.(`load ${load}: waiting until it is below ${quietBelow}, ${seconds(patienceMs)} at most`);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
