import type { Work } from '../contestants/contestant.ts';
import type { Sample } from '../measure/watch.ts';
import type { Column } from '../report/result.ts';

export const workColumns: readonly Column[] = [
  { metric: 'loop', title: 'event loop for each', unit: 'ms' },
  { metric: 'processor', title: 'processors for each', unit: 'ms' },
];

/** What one container of many cost its caller. Pure. */
export function spentOnEach({ count, loop, processor }: Work): Sample {
  return { ...(loop === undefined ? {} : { loop: loop / count }), processor: processor / count };
}
