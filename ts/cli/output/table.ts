import { unprintable } from '../../errors/printable.ts';

/**
 * Aligns lines of cells like Docker's tables (Go's tabwriter: at least 10 wide, 3 blanks between, the last column
 * unchanged). Width counts code points.
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

/** Replaces each character that must not reach the terminal with a `?`. */
export function printable(text: string): string {
  return text.replace(unprintable, '?');
}
