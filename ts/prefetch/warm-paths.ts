/** Limits of different starts and of paths: more look-ups would delay the prefetched mounts. */
const maxStarts = 4;
const maxPaths = 512;

/**
 * Paths that the last starts of each kind have looked up in their root filesystem. Several starts are kept, because
 * programs alternate between commands.
 */
export class WarmPaths {
  readonly #maxKinds: number;
  readonly #kinds = new Map<string, readonly (readonly string[])[]>();

  constructor(maxKinds: number) {
    this.#maxKinds = maxKinds;
  }

  /**
   * @param paths of the last start
   * @returns `paths`, then those of the other starts, without duplicates
   */
  add(kind: string, paths: readonly string[]): string[] {
    const before = this.#kinds.get(kind) ?? [];
    const text = paths.join('\0');
    const others = before.filter((other) => other.join('\0') !== text);
    if (this.#kinds.size >= this.#maxKinds && !this.#kinds.has(kind)) this.#kinds.clear();
    const starts = [paths, ...others].slice(0, maxStarts);
    this.#kinds.set(kind, starts);
    return [...new Set(starts.flat())].slice(0, Math.max(maxPaths, paths.length));
  }
}
