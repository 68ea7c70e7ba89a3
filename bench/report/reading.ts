import { type Spread, spreadOf } from '../measure/statistics.ts';
import { isMissing, type Repetition, type Result } from './result.ts';

/** A number as one repetition says it; null when it was not measured there. */
export type Reading = (repetition: Repetition) => number | null;

export interface At {
  readonly case: string;
  readonly contestant: string;
  readonly metric: string;
}

export const medianAt = (at: At): Reading => summaryAt(at, 'median');
export const p99At = (at: At): Reading => summaryAt(at, 'p99');

function summaryAt(at: At, part: 'median' | 'p99'): Reading {
  return ({ rows }) => {
    const row = rows.find((one) => one.case === at.case && one.contestant === at.contestant);
    return row === undefined || isMissing(row) ? null : (row.metrics[at.metric]?.[part] ?? null);
  };
}

/** How many times as much the first is, in the same repetition. */
export function ratio(own: Reading, to: Reading): Reading {
  return both(own, to, (value, other) => (other === 0 ? null : value / other));
}

/** How much more the first is, in the same repetition. */
export function difference(own: Reading, from: Reading): Reading {
  return both(own, from, (value, other) => value - other);
}

function both(first: Reading, second: Reading, join: (a: number, b: number) => number | null): Reading {
  return (repetition) => {
    const [a, b] = [first(repetition), second(repetition)];
    return a === null || b === null ? null : join(a, b);
  };
}

/** The lowest of several, null when one of them is. */
export const lowest = (readings: readonly Reading[]): Reading => allOf(readings, Math.min);
/** The highest of several, null when one of them is. */
export const highest = (readings: readonly Reading[]): Reading => allOf(readings, Math.max);

function allOf(readings: readonly Reading[], join: (...values: number[]) => number): Reading {
  return (repetition) => {
    const values = readings.map((reading) => reading(repetition));
    return values.includes(null) ? null : join(...values.map(Number));
  };
}

/** A number over the repetitions that have it; null when none has. */
export function over(result: Result | undefined, reading: Reading): Spread | null {
  const values = (result?.repetitions ?? []).map(reading).filter((value) => value !== null);
  return values.length === 0 ? null : spreadOf(values);
}
