import { isMissing, type Result } from './result.ts';

/** A contestant of a case, over all repetitions. */
export interface Line {
  readonly case: string;
  readonly contestant: string;
  readonly label: string;
  /** Runs that failed, of all repetitions. */
  readonly failures: number;
  /** Why it took part in no repetition; null when it took part in one. */
  readonly missing: string | null;
}

/** The contestants of a result, in the order in which they came. Pure. */
export function linesOf({ repetitions }: Result): Line[] {
  const lines = new Map<string, Line>();
  for (const row of repetitions.flatMap(({ rows }) => rows)) {
    const key = `${row.case} ${row.contestant}`;
    const before = lines.get(key);
    const { case: at, contestant, label } = row;
    const about = { case: at, contestant, label };
    if (!isMissing(row)) {
      lines.set(key, { ...about, failures: (before?.failures ?? 0) + row.failures, missing: null });
    } else if (before === undefined) {
      lines.set(key, { ...about, failures: 0, missing: row.missing });
    }
  }
  return [...lines.values()];
}
