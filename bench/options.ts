import { parseArgs } from 'node:util';

export interface Options {
  /** A minute instead of a quarter of an hour; the results are printed and not kept. */
  readonly quick: boolean;
  /** Only write the tables and charts anew from the results that are there. */
  readonly report: boolean;
  /** Empty: all. */
  readonly questions: readonly string[];
}

export const usage = 'usage: npm run bench -- [--quick] [--report] [QUESTION]...';

/**
 * Pure.
 *
 * @throws Error for what is no option and no question
 */
export function parseOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { quick: { type: 'boolean', default: false }, report: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no question '${unknown.join("', '")}': ${known.join(', ')}`);
  return { ...values, questions: positionals };
}
