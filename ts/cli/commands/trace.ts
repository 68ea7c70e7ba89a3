import { writeFileSync } from 'node:fs';
import { RequestError } from '../../errors/index.ts';
import { readTrace } from '../../trace/read.ts';
import { svg } from '../../trace/svg.ts';
import { waterfall } from '../../trace/waterfall.ts';
import { type CommandModule, flag } from '../command.ts';
import type { Io } from '../io.ts';
import { boundedText } from '../output/bounded.ts';
import { paintFor } from '../output/colors.ts';
import { withOutput } from '../streams/output-file.ts';

/** Columns of the output without a terminal. */
const defaultColumns = 100;

/** Limits of the line width, in columns. */
const widths = { min: 20, max: 400 } as const;

/** Largest trace file, in bytes: three times the trace of the longest plan. */
const maxBytes = 16 << 20;

const notes = `FILE is what 'orlop run --trace FILE …' wrote; - is standard input. Steps of one kind share a line.
A bar shows when a step began and what it took; * marks the slowest.`;

const examples = [
  'orlop run --rm --trace start.json -v data:/test host true',
  'orlop trace start.json',
  'orlop trace start.json --svg start.svg',
];

export const command: CommandModule = {
  notes,
  examples,
  define(command) {
    command
      .usage('[OPTIONS] FILE')
      .argument('<file>')
      .option('--all', 'A line for every step, also of those that share one')
      .option('--svg [file]', 'Draw a picture instead, an SVG: into a file, or on standard output');
  },
  async run({ io, values, args }) {
    const [file = '-'] = args;
    const all = flag(values, 'all') ?? false;
    const trace = readTrace(await content(io, file), file === '-' ? 'standard input' : file);
    if (values.svg === undefined) {
      io.stdout.write(waterfall(trace, { all, width: widthOf(io), paint: paintFor(io, 1) }));
    } else {
      await draw(io, values.svg, svg(trace, { all }));
    }
    return 0;
  },
};

async function content(io: Io, file: string): Promise<string> {
  if (file === '-' && io.isTerminal(0)) {
    throw new RequestError('ORLOP_E_USAGE', 'standard input is a terminal, not a trace', { hint: 'name a FILE' });
  }
  return boundedText(io, file, maxBytes);
}

async function draw(io: Io, file: unknown, picture: string): Promise<void> {
  if (typeof file !== 'string' || file === '-') io.stdout.write(picture);
  else await withOutput(io, file, async (descriptor) => writeFileSync(descriptor, picture), { mode: 0o666 });
}

/** COLUMNS overrides the width of the terminal, and serves pagers. */
function widthOf(io: Io): number {
  const asked = Number(io.env.COLUMNS);
  const width = Number.isInteger(asked) && asked > 0 ? asked : (io.columns(1) ?? defaultColumns);
  return Math.min(widths.max, Math.max(widths.min, width));
}
