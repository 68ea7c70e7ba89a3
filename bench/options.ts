import { parseArgs } from 'node:util';

export interface Options {
  /** A minute instead of a quarter of an hour; the results are printed and not kept. */
  readonly quick: boolean;
  /** Only write the tables and charts anew from the results that are there. */
  readonly report: boolean;
  /** How often the whole is measured. */
  readonly repeat: number;
  /** Empty: all. */
  readonly questions: readonly string[];
}

export const usage = 'usage: npm run bench -- [--quick] [--repeat N] [--report] [QUESTION]...';

const wholeRepeat = 3;

/**
 * Pure.
 *
 * @throws Error for what is no option and no question
 */
export function parseOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      report: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no question '${unknown.join("', '")}': ${known.join(', ')}`);
  const { quick, report, repeat } = values;
  return { quick, report, repeat: repeatOf(repeat ?? `${quick ? 1 : wholeRepeat}`), questions: positionals };
}

function repeatOf(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`--repeat takes a number from 1 to 99, not '${text}'`);
  return Number(text);
}
