/** Of how many starts that differ, and how many paths in all: more would make what is made ahead late. */
const maxStarts = 4;
const maxPaths = 512;

/**
 * What the last starts of each kind have looked up in their root filesystem. Programs start several things by turns, so
 * the next start may be like the one before the last.
 */
export class WarmPaths {
  readonly #maxKinds: number;
  readonly #kinds = new Map<string, readonly (readonly string[])[]>();

  constructor(maxKinds: number) {
    this.#maxKinds = maxKinds;
  }

  /**
   * @param paths of the last start
   * @returns these first, then those of the others, each once
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
