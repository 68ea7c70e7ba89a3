import { printable } from '../errors/printable.ts';
import type { ReadTrace } from './read.ts';
import { type Row, type RowOptions, type Section, sectionsOf, totalUsOf } from './rows.ts';
import { style } from './svg-style.ts';
import { milliseconds, phaseTitles, share } from './words.ts';

/** Sizes in pixels. Characters have a fixed width, so text needs no measuring. */
const size = { width: 960, margin: 16, head: 64, row: 16, section: 24, name: 124, label: 368, character: 6.7 } as const;
const bars = { left: size.margin + size.label + 8, right: size.width - size.margin } as const;

/**
 * The waterfall of a start as a self-contained picture: no script, no font and no other file; light or dark like the
 * reader's system; with texts for screen readers (SVG 2, Accessibility API Mappings).
 */
export function svg(trace: ReadTrace, options: RowOptions): string {
  const sections = sectionsOf(trace, options);
  const rows = sections.flatMap((section) => section.rows);
  const end = Math.max(...rows.map(({ at, took }) => at + took), 1);
  const scale = { end, totalUs: totalUsOf(trace) };
  const height = size.head + rows.length * size.row + sections.length * size.section + size.margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${xml(titleOf(trace))}</title>`,
    `<desc id="description">${xml(descriptionOf(trace, rows, end))}</desc>`,
    `<style>${style}</style>`,
    `<rect class="background" width="${size.width}" height="${height}"/>`,
    text(size.margin, 24, 'title', titleOf(trace)),
    ...axis(end, height),
    ...sections.reduce<Drawing>(drawSection(scale), { y: size.head, parts: [] }).parts,
    '</svg>',
    '',
  ].join('\n');
}

function titleOf({ name, image, started }: ReadTrace): string {
  const end = started === null ? 'refused' : `${milliseconds(started)} ms to the application's first instruction`;
  return `Start of ${name} (${image}): ${end}`;
}

/** Description of the picture for screen readers. */
function descriptionOf(trace: ReadTrace, rows: readonly Row[], end: number): string {
  const slow = rows.filter((row) => row.slow).sort((a, b) => b.took - a.took);
  const named = slow.map((row) => `${row.name}, ${row.reason}: ${milliseconds(row.took)} ms`);
  const longest = named.length === 0 ? '' : ` The slowest: ${named.join('; ')}.`;
  return `A bar for each of ${rows.length} lines of steps, in the order of their beginning, on an axis of ${milliseconds(end)} ms.${longest} ${trace.steps.length} steps in all.`;
}

interface Drawing {
  readonly y: number;
  readonly parts: readonly string[];
}

interface Scale {
  /** Microseconds at the right end, and total time for percentages in microseconds. */
  readonly end: number;
  readonly totalUs: number;
}

function drawSection(scale: Scale): (before: Drawing, section: Section) => Drawing {
  return ({ y, parts }, { phase, rows }) => {
    const first = y + size.section;
    const drawn = rows.flatMap((row, index) => drawRow(row, first + index * size.row, scale));
    const title = text(size.margin, first - 7, 'phase', phaseTitles[phase]);
    return { y: first + rows.length * size.row, parts: [...parts, `<g class="${phase}">`, title, ...drawn, '</g>'] };
  };
}

function drawRow(row: Row, y: number, scale: Scale): string[] {
  const base = y + size.row - 5;
  const what = `${row.name}: ${row.reason}${row.does === '' ? '' : `: ${row.does}`}`;
  const when = `at ${milliseconds(row.at)} ms, ${milliseconds(row.took)} ms`;
  return [
    `<g${row.slow ? ' class="slow"' : ''}><title>${xml(`${what}, ${when}`)}</title>`,
    text(size.margin, base, 'name', fit(row.name, room(size.name))),
    text(size.margin + size.name, base, 'reason', fit(row.reason, room(size.label - size.name))),
    ...bar(row, y, base, scale),
    '</g>',
  ];
}

/** Number of characters that fit, with a gap after them. */
function room(width: number): number {
  return Math.floor(width / size.character) - 1;
}

/** A bar with its time: on its right, or on its left at the end of the picture. */
function bar({ at, took, slow }: Row, y: number, base: number, { end, totalUs }: Scale): string[] {
  if (at < 0) return [];
  const x = place(at, end);
  const width = Math.max(1, place(at + took, end) - x);
  const words = slow ? `${milliseconds(took)} ms, ${share(took, totalUs)}` : milliseconds(took);
  const right = x + width + 4 + words.length * size.character <= bars.right;
  return [
    `<rect class="bar" x="${round(x)}" y="${y + 2}" width="${round(width)}" height="${size.row - 4}" rx="1.5"/>`,
    right ? text(x + width + 4, base, 'time', words) : text(x - 4, base, 'time', words, ' text-anchor="end"'),
  ];
}

/** Lines at round times, from the top of the bars to the bottom of the picture. */
function axis(end: number, height: number): string[] {
  const step = roundStep(end / 6);
  const count = Math.floor(end / step) + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step / 1000)));
  return Array.from({ length: count }, (_, index) => index * step).flatMap((at) => {
    const x = round(place(at, end));
    return [
      `<path class="grid" d="M${x} ${size.head - 8}V${height - size.margin}"/>`,
      text(x, size.head - 14, 'tick', `${(at / 1000).toFixed(digits)} ms`, ' text-anchor="middle"'),
    ];
  });
}

/** The next larger of 1, 2, 5, 10, 20, … */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((one) => one * power >= least) ?? 10);
}

function place(at: number, end: number): number {
  return bars.left + (at / end) * (bars.right - bars.left);
}

function text(x: number, y: number, name: string, content: string, more = ''): string {
  return `<text x="${round(x)}" y="${y}" class="${name}"${more}>${xml(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function fit(content: string, width: number): string {
  const points = [...printable(content)];
  return points.length <= width ? points.join('') : `${points.slice(0, width - 1).join('')}…`;
}

/** XML allows no control characters and no halves of surrogate pairs, not even escaped (XML 1.0, section 2.2). */
function xml(content: string): string {
  return printable(content)
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
