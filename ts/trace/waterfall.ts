import { printable } from '../errors/printable.ts';
import type { ReadTrace } from './read.ts';
import { type Row, type RowOptions, sectionsOf, totalUsOf } from './rows.ts';
import { milliseconds, phaseTitles, share } from './words.ts';

export interface WaterfallOptions extends RowOptions {
  /** Number of columns of a line. */
  readonly width: number;
  readonly paint: (color: 'yellow' | 'dim' | 'green', text: string) => string;
}

/** Limits of a bar's width, in columns: a narrower one shows nothing, a wider one nothing more. */
const barWidths = { min: 8, max: 60 } as const;

/** Columns of `    1.234    0.567 `, with two more digits for a start of a minute. */
const timesWidth = 20;

/** The waterfall of a start for a terminal: one line per step, with its bar on the time axis of the start. */
export function waterfall(trace: ReadTrace, options: WaterfallOptions): string {
  const { paint } = options;
  const sections = sectionsOf(trace, options);
  const rows = sections.flatMap((section) => section.rows);
  const layout = layoutOf(rows, options.width);
  const scale = { layout, end: Math.max(...rows.map(({ at, took }) => at + took), 1), width: options.width };
  const lines = sections.flatMap((section) => [
    paint('dim', fit(`${' '.repeat(timesWidth)}${phaseTitles[section.phase]}`, options.width)),
    ...section.rows.map((row) => line(row, scale, paint)),
  ]);
  const columns = `${'at'.padStart(9)} ${'took ms'.padStart(9)}`;
  return `${[...head(trace), '', paint('dim', columns), ...lines, '', ...foot(trace, rows)].map((text) => text.trimEnd()).join('\n')}\n`;
}

function head({ name, image, started }: ReadTrace): string[] {
  const what = `start of ${printable(name)} (${printable(image)})`;
  if (started === null) return [`${what}: refused`];
  return [`${what}: ${milliseconds(started)} ms from the call to the application's first instruction`];
}

function foot(trace: ReadTrace, rows: readonly Row[]): string[] {
  const totalUs = totalUsOf(trace);
  const slow = rows.filter((row) => row.slow).sort((a, b) => b.took - a.took);
  const named = slow.map((row) => `${printable(row.name)} ${milliseconds(row.took)} ms (${share(row.took, totalUs)})`);
  return named.length === 0 ? [] : [`* slowest: ${named.join(', ')}`];
}

interface Layout {
  readonly bar: number;
  readonly name: number;
  readonly subject: number;
}

interface Scale {
  readonly layout: Layout;
  /** Microseconds at the right end of the bars. */
  readonly end: number;
  readonly width: number;
}

/** Widths of a line's parts. If the line is short, the subject is dropped first, then the bar. */
function layoutOf(rows: readonly Row[], width: number): Layout {
  const name = Math.min(22, Math.max(...rows.map((row) => length(printable(row.name)))));
  const rest = width - timesWidth - name - 5;
  if (rest < barWidths.min + 12) return { bar: Math.max(rest, 0), name, subject: 0 };
  const bar = Math.min(barWidths.max, Math.max(barWidths.min, Math.floor(rest / 2)));
  return { bar, name, subject: rest - bar - 1 };
}

function line(row: Row, { layout, end, width }: Scale, paint: WaterfallOptions['paint']): string {
  const times = `${milliseconds(row.at).padStart(9)} ${milliseconds(row.took).padStart(9)}`;
  const bar = barOf(row, end, layout.bar);
  const name = fit(printable(row.name), layout.name).padEnd(layout.name);
  const subject = layout.subject === 0 ? '' : fit(printable(subjectOf(row)), layout.subject);
  const mark = row.slow ? '*' : ' ';
  if (layout.bar < barWidths.min) return fit(`${times} ${mark} ${name}`, width);
  const color = row.slow ? 'yellow' : 'green';
  const text = `${mark} ${name} ${subject}`;
  return `${times} ${paint(color, bar)} ${row.slow ? paint('yellow', text) : text}`;
}

function subjectOf({ reason, does }: Row): string {
  return does === '' ? reason : `${reason}: ${does}`;
}

const eighths = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/** A bar of at least one cell part; empty for a step before the call. */
function barOf({ at, took }: Row, end: number, width: number): string {
  if (at < 0 || width < barWidths.min) return ' '.repeat(Math.max(width, 0));
  const cell = end / width;
  const from = Math.min(width - 1, Math.max(0, Math.floor(at / cell)));
  const parts = Math.max(1, Math.round((took / cell) * eighths.length));
  const fullCells = Math.min(width - from, Math.floor(parts / eighths.length));
  const last = fullCells < width - from ? (eighths[(parts % eighths.length) - 1] ?? '') : '';
  return `${' '.repeat(from)}${'█'.repeat(fullCells)}${last}`.padEnd(width);
}

function length(text: string): number {
  return [...text].length;
}

/** At most `width` code points; the last one is `…` if the text was cut. */
function fit(text: string, width: number): string {
  const points = [...text];
  return points.length <= width ? text : `${points.slice(0, Math.max(width - 1, 0)).join('')}…`;
}
