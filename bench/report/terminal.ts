import type { Case, Result } from './result.ts';
import { caseTable } from './table.ts';

/** A Markdown table with columns of even width, for people at a terminal. Pure. */
export function alignTable(table: string): string {
  const rows = table
    .split('\n')
    .filter((line) => !line.startsWith('|---'))
    .map((line) =>
      line
        .replace(/^\| | \|$/g, '')
        .split(/ (?<!\\)\| /)
        .map(unescapeCell),
    );
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthIn(row, column))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function unescapeCell(cell: string): string {
  return cell.replaceAll('\\|', '|');
}

/** The reason why somebody is missing may run over the columns behind it. */
function widthIn(row: readonly string[], column: number): number {
  const cell = row[column] ?? '';
  return cell.startsWith('missing: ') ? 0 : cell.length;
}

export function printable(result: Result): string {
  const one = (part: Case) => `  ${part.title}\n\n${alignTable(caseTable(result, part)).replace(/^/gm, '    ')}`;
  return [result.title, ...result.cases.map(one)].join('\n\n');
}
