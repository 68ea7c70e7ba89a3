import type { Judged } from './judge.ts';
import { type Line, linesOf } from './lines.ts';
import { formatNumber, formatSpread } from './number.ts';
import { type At, medianAt, over, p99At, ratio } from './reading.ts';
import type { Case, Column, Result } from './result.ts';

/** A Markdown table. Pure. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  const align = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), `|${align.join('|')}|`, ...rows.map(line)].join('\n');
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
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
  const lines = linesOf(result).filter((line) => line.case === id);
  const measured = lines.filter(({ missing }) => missing === null);
  const columns = result.columns.filter(({ metric }) =>
    measured.some((line) => over(result, medianAt({ ...line, metric })) !== null),
  );
  const head = ['', ...columns.flatMap((column, index) => headOf(column, index === 0, result.reference))];
  return markdownTable(head, [
    ...measured.map((line) => measuredCells(result, line, columns)),
    ...lines.flatMap(({ label, missing }) => (missing === null ? [] : [missingCells(label, missing, head.length)])),
  ]);
}

/** Of the first column, with the ratio: the others are there to explain it. */
function headOf({ title, unit }: Column, isFirst: boolean, reference: string | null): string[] {
  const median = `${title}, ${unit}`;
  if (!isFirst) return [median];
  const times = reference === null ? [] : [`× ${reference === 'floor' ? 'floor' : 'limit'}`];
  return [median, ...(hasP99(unit) ? ['p99'] : []), ...times];
}

/** It tells how bad a time can be; of a rate it would tell the best. */
function hasP99(unit: Column['unit']): boolean {
  return unit === 'ms';
}

function measuredCells(result: Result, line: Line, columns: readonly Column[]): string[] {
  const cells = columns.flatMap(({ metric, unit }, index) => {
    const at = { ...line, metric };
    const [median, p99] = [over(result, medianAt(at)), over(result, p99At(at))];
    // A spread in each column would make the table unreadable.
    if (index > 0) return [median === null ? '' : formatNumber(median.median)];
    const worst = p99 === null ? '' : formatNumber(p99.median);
    const times = result.reference === null ? [] : [timesReference(result, at, result.reference)];
    return [median === null ? '' : formatSpread(median), ...(hasP99(unit) ? [worst] : []), ...times];
  });
  const failed = line.failures === 0 ? '' : ` (${line.failures} runs failed)`;
  return [`${line.label}${failed}`, ...cells];
}

function timesReference(result: Result, at: At, reference: string): string {
  if (at.contestant === reference) return formatNumber(1);
  const times = over(result, ratio(medianAt(at), medianAt({ ...at, contestant: reference })));
  return times === null ? '' : formatSpread(times);
}

function missingCells(label: string, missing: string, length: number): string[] {
  return [label, `missing: ${missing}`, ...Array.from({ length: length - 2 }, () => '')];
}

/** The bars, and whether they hold. Pure. */
export function barsTable(judged: readonly Judged[]): string {
  return markdownTable(
    ['', 'bar', 'measured', ''],
    judged.map(({ bar, measured, holds }) => [
      bar.text,
      `${bar.must === 'at most' ? '≤' : '≥'} ${bar.limit} ${bar.unit}`,
      measured === null ? 'not measured' : formatSpread(measured, bar.unit),
      holds === null ? '' : holds ? 'holds' : '**missed**',
    ]),
  );
}
