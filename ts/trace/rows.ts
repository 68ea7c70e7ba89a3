import type { ReadStep, ReadTrace } from './read.ts';
import type { Phase } from './types.ts';

/** A line of the waterfall: a step, or a run of similar steps. */
export interface Row {
  readonly phase: Phase;
  readonly name: string;
  readonly reason: string;
  readonly does: string;
  /** Microseconds since the call, and duration of the row in microseconds. */
  readonly at: number;
  readonly took: number;
  /** Number of steps. */
  readonly count: number;
  /** True for the few rows that took most of the time. */
  readonly slow: boolean;
}

/** Rows of one phase in the order in which they began. */
export interface Section {
  readonly phase: Phase;
  readonly rows: readonly Row[];
}

export interface RowOptions {
  /** Show a row for each step. */
  readonly all: boolean;
}

/** Total time in microseconds, up to the first instruction, or to the end of a refused start. */
export function totalUsOf({ started, steps }: Pick<ReadTrace, 'started' | 'steps'>): number {
  return started ?? Math.max(...steps.map(({ at, took }) => at + took));
}

/** Length of a run of similar steps that becomes one row. */
const minFolded = 3;

/** Maximum number of marked rows, and their minimum share of the total time. */
const maxSlow = 3;
const minSlowShare = 0.05;

/** The rows of a trace in sections. Consecutive sections have different phases. */
export function sectionsOf({ steps }: Pick<ReadTrace, 'steps'>, { all }: RowOptions): Section[] {
  const sections = phasesOf(steps).map((phaseSteps) =>
    all ? phaseSteps.map((one) => rowOf([one], 1)) : fold(phaseSteps),
  );
  const slow = slowest(sections.flat());
  return sections.map((rows) => ({
    phase: rows[0]?.phase ?? 'call',
    rows: rows.map((row) => ({ ...row, slow: slow.has(row) })),
  }));
}

function phasesOf(steps: readonly ReadStep[]): ReadStep[][] {
  const runs: ReadStep[][] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last !== undefined && last[0]?.phase === step.phase) last.push(step);
    else runs.push([step]);
  }
  return runs;
}

/** The rows before the application's first instruction that took longest. */
function slowest(rows: readonly Row[]): ReadonlySet<Row> {
  const before = rows.filter(({ phase, at }) => phase !== 'after' && at >= 0);
  const totalUs = before.reduce((sum, { took }) => sum + took, 0);
  const sorted = [...before].sort((a, b) => b.took - a.took).slice(0, maxSlow);
  return new Set(sorted.filter(({ took }) => took > totalUs * minSlowShare));
}

/**
 * Folds runs of similar steps into one row, also alternating steps of two or three kinds, such as `bind, attributes` of
 * many volumes.
 */
function fold(steps: readonly ReadStep[]): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < steps.length; ) {
    const { period, count } = longestRun(steps, index);
    rows.push(rowOf(steps.slice(index, index + period * count), period));
    index += period * count;
  }
  return rows;
}

function longestRun(steps: readonly ReadStep[], from: number): { period: number; count: number } {
  for (const period of [1, 2, 3]) {
    const count = repeats(steps, from, period);
    if (count >= minFolded) return { period, count };
  }
  return { period: 1, count: 1 };
}

/** Number of consecutive repetitions of the `period` steps at `from`. */
function repeats(steps: readonly ReadStep[], from: number, period: number): number {
  let end = from + period;
  while (end < steps.length && isLike(steps[end], steps[end - period])) end++;
  return Math.floor((end - from) / period);
}

function isLike(a: ReadStep | undefined, b: ReadStep | undefined): boolean {
  return a !== undefined && b !== undefined && a.name === b.name && kindOf(a.reason) === kindOf(b.reason);
}

/** Kind of a reason: the same for `volume data` and `volume other`. */
function kindOf(reason: string): string {
  return reason.split(' ', 1)[0] ?? '';
}

function rowOf(steps: readonly ReadStep[], period: number): Row {
  const [first] = steps;
  if (first === undefined) throw new RangeError('a row has a step');
  const took = steps.reduce((sum, step) => sum + step.took, 0);
  const common = { phase: first.phase, at: first.at, took, slow: false };
  if (steps.length === 1) return { ...common, name: first.name, reason: first.reason, does: first.does, count: 1 };
  const name = [...new Set(steps.slice(0, period).map((step) => step.name))].join(', ');
  return { ...common, name, reason: reasonOf(steps, period), does: '', count: steps.length };
}

/** Reason of a row: the common one, or the kind and the longest step's. */
function reasonOf(steps: readonly ReadStep[], period: number): string {
  const reasons = [...new Set(steps.map(({ reason }) => reason))];
  const times = `× ${steps.length / period}`;
  if (reasons.length === 1) return `${reasons[0]} ${times}`;
  const longest = steps.reduce((a, b) => (b.took > a.took ? b : a));
  const kind = kindOf(longest.reason);
  return `${kind} ${times}, longest${longest.reason.slice(kind.length)}`;
}
