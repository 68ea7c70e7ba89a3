/** What is kept of the samples of one measurement. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p99: number;
  readonly min: number;
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
  const sorted = values.toSorted((a, b) => a - b);
  return {
    n: sorted.length,
    median: round(quantile(sorted, 0.5)),
    p99: round(quantile(sorted, 0.99)),
    min: round(quantile(sorted, 0)),
  };
}

/** Four significant digits: more is noise, and makes results of two runs hard to compare. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
