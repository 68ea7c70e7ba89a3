import type { ReadStep, ReadTrace } from './read.ts';
import type { Phase } from './types.ts';

/** A line of the waterfall: a step, or a run of like ones. */
export interface Row {
  readonly phase: Phase;
  readonly name: string;
  readonly reason: string;
  readonly does: string;
  /** Microseconds since the call, and all of the row. */
  readonly at: number;
  readonly took: number;
  /** Steps in it. */
  readonly count: number;
  /** Whether it is one of the few that the start spent most of its time on. */
  readonly slow: boolean;
}

/** Rows of one phase, in the order in which they began. */
export interface Section {
  readonly phase: Phase;
  readonly rows: readonly Row[];
}

export interface RowOptions {
  /** A row for each step. */
  readonly all: boolean;
}

/** What the shares of steps are of: the time to the first instruction, or to where a refused start ended. */
export function wholeOf({ started, steps }: Pick<ReadTrace, 'started' | 'steps'>): number {
  return started ?? Math.max(...steps.map(({ at, took }) => at + took));
}

/** Like steps in a row of which a reader wants to know no more than how many there were. */
const manyLike = 3;

/** Rows that are marked, at most, and from which part of the whole. */
const mostSlow = 3;
const slowFrom = 0.05;

/** The rows of a trace, in sections of which each is of another phase than the one before. */
export function sectionsOf({ steps }: Pick<ReadTrace, 'steps'>, { all }: RowOptions): Section[] {
  const sections = phasesOf(steps).map((own) => (all ? own.map((one) => rowOf([one], 1)) : fold(own)));
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

/** Rows from the longest on, as far as they matter to the application's first instruction. */
function slowest(rows: readonly Row[]): ReadonlySet<Row> {
  const before = rows.filter(({ phase, at }) => phase !== 'after' && at >= 0);
  const whole = before.reduce((sum, { took }) => sum + took, 0);
  const sorted = [...before].sort((a, b) => b.took - a.took).slice(0, mostSlow);
  return new Set(sorted.filter(({ took }) => took > whole * slowFrom));
}

/**
 * Runs of like steps become one row, also where two or three kinds take turns, as `bind, attributes` of many volumes do.
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
    if (count >= manyLike) return { period, count };
  }
  return { period: 1, count: 1 };
}

/** How many times the `period` steps from here on come one after the other. */
function repeats(steps: readonly ReadStep[], from: number, period: number): number {
  let end = from + period;
  while (end < steps.length && isLike(steps[end], steps[end - period])) end++;
  return Math.floor((end - from) / period);
}

function isLike(a: ReadStep | undefined, b: ReadStep | undefined): boolean {
  return a !== undefined && b !== undefined && a.name === b.name && kindOf(a.reason) === kindOf(b.reason);
}

/** `volume data` and `volume other` are of a kind. */
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

/** What the steps are for: the same, or the kind and the one that took longest. */
function reasonOf(steps: readonly ReadStep[], period: number): string {
  const reasons = [...new Set(steps.map(({ reason }) => reason))];
  const times = `× ${steps.length / period}`;
  if (reasons.length === 1) return `${reasons[0]} ${times}`;
  const longest = steps.reduce((a, b) => (b.took > a.took ? b : a));
  const kind = kindOf(longest.reason);
  return `${kind} ${times}, longest${longest.reason.slice(kind.length)}`;
}
