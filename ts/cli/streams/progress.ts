import type { OnProgress } from '../../api/types.ts';
import { printable } from '../../errors/printable.ts';
import type { Io } from '../io.ts';
import { progressLine, Redraws } from '../output/progress-line.ts';
import { cleaning } from './endings.ts';

/** Begin of a control sequence. */
const csi = '\u001b[';
const clearLine = `\r${csi}K`;
/** Columns of a terminal that does not tell. */
const defaultColumns = 80;

interface Work {
  /** What is done: `loading debian.tar`. */
  readonly label: string;
  /** True: show nothing. */
  readonly quiet?: boolean | undefined;
}

/**
 * Runs `use`, and shows its progress in one line of standard error, which is gone at the end. Where that is no terminal,
 * nothing is shown: a file or a log would get each state of the line.
 */
export async function withProgress<Result>(
  io: Io,
  { label, quiet }: Work,
  use: (onProgress: OnProgress | undefined) => Promise<Result>,
): Promise<Result> {
  if (quiet || !io.isTerminal(2) || io.env.TERM === 'dumb') return use(undefined);
  const redraws = new Redraws(io.now().getTime());
  const name = printable(label);
  let drawn = false;
  const clear = (): void => {
    if (drawn) io.stderr.write(clearLine);
    drawn = false;
  };
  const draw: OnProgress = (progress) => {
    if (!redraws.due(io.now().getTime())) return;
    drawn = true;
    // The last column stays free, and the line is not wrapped, whatever width the terminal gives its characters.
    const line = progressLine(name, progress, (io.columns(2) ?? defaultColumns) - 1);
    io.stderr.write(`\r${csi}?7l${line}${csi}K${csi}?7h`);
  };
  // Before Node's own listener, which prints the warning.
  process.prependListener('warning', clear);
  try {
    return await cleaning(io, clear, () => use(draw));
  } finally {
    process.off('warning', clear);
    clear();
  }
}
