import type { Judged } from '../bars.ts';
import type { Measured } from '../measure/measure.ts';
import { type Case, type Column, isMissing, type Missing, medianOf, type Result } from './result.ts';

/** A Markdown table. Pure. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  const align = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), `|${align.join('|')}|`, ...rows.map(line)].join('\n');
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Three significant digits, never in the form 1e+3. Pure. */
export function formatNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** The answers to a question, a table for each case, as Markdown. Pure. */
export function resultTables(result: Result): string {
  return result.cases.map((one) => `**${sentence(one.title)}**\n\n${caseTable(result, one)}`).join('\n\n');
}

/** First letter in upper case. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function caseTable(result: Result, { id }: Case): string {
  const rows = result.rows.filter((row) => row.case === id);
  const columns = result.columns.filter(({ metric }) =>
    rows.some((row) => !isMissing(row) && row.metrics[metric] !== undefined),
  );
  const [main] = columns;
  const measured = rows.flatMap((row) => (isMissing(row) ? [] : [row]));
  const missing = rows.filter(isMissing);
  const head = ['', ...columns.flatMap(headOf)];
  if (main !== undefined) head.splice(3, 0, `× ${result.reference === 'floor' ? 'floor' : 'limit'}`);
  return markdownTable(head, [
    ...measured.map((row) => measuredCells(result, row, columns)),
    ...missing.map((row) => missingCells(row, head.length)),
  ]);
}

function headOf({ title, unit }: Column, index: number): string[] {
  const median = `${title}, ${unit}`;
  return index === 0 ? [median, 'p99'] : [median];
}

function measuredCells(result: Result, row: Measured, columns: readonly Column[]): string[] {
  const cells = columns.flatMap(({ metric }, index) => {
    const summary = row.metrics[metric];
    const median = summary === undefined ? '' : formatNumber(summary.median);
    if (index > 0) return [median];
    return [median, summary === undefined ? '' : formatNumber(summary.p99), ratioOf(result, row, metric)];
  });
  const failed = row.failures === 0 ? '' : ` (${row.failures} runs failed)`;
  return [`${row.label}${failed}`, ...cells];
}

function ratioOf(result: Result, row: Measured, metric: string): string {
  const reference = medianOf(result, { case: row.case, contestant: result.reference }, metric);
  const own = row.metrics[metric]?.median;
  return reference === null || reference === 0 || own === undefined ? '' : formatNumber(own / reference);
}

function missingCells({ label, missing }: Missing, length: number): string[] {
  return [label, `missing: ${missing}`, ...Array.from({ length: length - 2 }, () => '')];
}

/** The bars, and whether they hold. Pure. */
export function barsTable(judged: readonly Judged[]): string {
  return markdownTable(
    ['', 'bar', 'measured', ''],
    judged.map(({ bar, value, holds }) => [
      bar.text,
      `${bar.must === 'at most' ? '≤' : '≥'} ${bar.limit} ${bar.unit}`,
      value === null ? 'not measured' : `${formatNumber(value)} ${bar.unit}`,
      holds === null ? '' : holds ? 'holds' : '**missed**',
    ]),
  );
}
