import type { Spread } from '../measure/statistics.ts';
import { over, type Reading } from './reading.ts';
import type { Results } from './result.ts';

/** A number to reach, and how it is read from the repetitions of a question. */
export interface Bar {
  readonly id: string;
  readonly text: string;
  readonly question: string;
  readonly limit: number;
  readonly unit: '×' | 'ms' | 'MB';
  /** Whether the measured value must be at most, or at least, the limit. */
  readonly must: 'at most' | 'at least';
  readonly reading: Reading;
}

export interface Judged {
  readonly bar: Bar;
  /** null when it was not measured. */
  readonly measured: Spread | null;
  /** Whether the median of the repetitions reaches the bar; null when it was not measured. */
  readonly holds: boolean | null;
}

/** Holds bars against the results. Pure. */
export function judge(bars: readonly Bar[], results: Results): Judged[] {
  return bars.map((bar) => {
    const measured = over(results.get(bar.question), bar.reading);
    if (measured === null) return { bar, measured, holds: null };
    const { median } = measured;
    return { bar, measured, holds: bar.must === 'at most' ? median <= bar.limit : median >= bar.limit };
  });
}
