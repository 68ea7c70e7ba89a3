/** What is kept of the samples of one measurement. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p99: number;
  readonly min: number;
}

/** One number, taken once in each repetition of a run: its median, and how far the repetitions lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** Repetitions that have the number. */
  readonly repetitions: number;
}

/**
 * The value below which the part `q` (0 to 1) of the values lies, interpolated between neighbours.
 *
 * @param sorted ascending, at least one
 */
export function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('a quantile of no values');
  return below + (above - below) * (position - Math.floor(position));
}

export function summarize(values: readonly number[]): Summary {
  const sorted = ascending(values);
  return {
    n: sorted.length,
    median: round(quantile(sorted, 0.5)),
    p99: round(quantile(sorted, 0.99)),
    min: round(quantile(sorted, 0)),
  };
}

/** Not rounded: a bar is judged on it. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  return {
    median: quantile(sorted, 0.5),
    lowest: quantile(sorted, 0),
    highest: quantile(sorted, 1),
    repetitions: sorted.length,
  };
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** Four significant digits: more is noise, and makes results of two runs hard to compare. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
