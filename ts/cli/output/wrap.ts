/** Width of the help, in columns: that of the narrowest usual terminal. */
export const helpWidth = 80;

/**
 * Wraps a line of words at the width of the help.
 *
 * @param indent of the lines after the first
 */
export function wrap(line: string, indent = ''): string {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > helpWidth) {
      lines.push(current);
      current = `${indent}${word}`;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join('\n');
}
