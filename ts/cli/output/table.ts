import { unprintable } from '../../plan/printable.ts';

/**
 * Lines of cells, aligned as Docker's tables are (Go's tabwriter: at least 10 wide, 3 blanks between, the last column
 * as it is). Width counts code points.
 */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, cell] of line.entries()) {
      if (column < line.length - 1) widths[column] = Math.max(widths[column] ?? 10, width(cell) + 3);
    }
  }
  return lines
    .map((line) => {
      const padded = line.map((cell, column) =>
        column < line.length - 1 ? cell + ' '.repeat((widths[column] ?? 0) - width(cell)) : cell,
      );
      return `${padded.join('')}\n`;
    })
    .join('');
}

function width(cell: string): number {
  return [...cell].length;
}

/** A cell without what must not reach the terminal, each in the width of one character. */
export function printable(text: string): string {
  return text.replace(unprintable, '?');
}
