import type { Arguments, CommandModule, CommandOption } from '../command.ts';
import { canonicalWords } from './find.ts';

// Reads plain command lines without commander, which takes a millisecond to load and configure. Any other line goes to
// commander, so that commander defines the grammar and writes all messages.

/** Options before the command. */
export interface Globals {
  readonly root: string | undefined;
  /** The command by its canonical name, and the words after it. */
  readonly words: readonly string[];
}

/** Parses a line that begins with a command, or with `--root DIR` and a command; undefined for any other line. */
export function plainGlobals(argv: readonly string[]): Globals | undefined {
  const [option, root] = argv[0] === '--root' ? argv : [];
  const words = option === undefined ? argv : argv.slice(2);
  if (words[0] === undefined || words[0].startsWith('-') || words[0] === 'help') return undefined;
  return { root, words: canonicalWords(words) };
}

/**
 * Parses options that are one word each, with the value as the next word, before the first argument; undefined for any
 * other line.
 */
export function plainCommand({ options, passThrough }: CommandModule, argv: readonly string[]): Arguments | undefined {
  if (options === undefined || !passThrough) return undefined;
  const values: Record<string, unknown> = {};
  let index = 0;
  for (; argv[index]?.startsWith('-'); index++) {
    const option = options.find(({ flags }) => flags.split(/,? /).includes(argv[index] ?? ''));
    if (option === undefined) return undefined;
    const name = nameOf(option);
    if (!option.flags.endsWith('>')) {
      values[name] = true;
      continue;
    }
    const value = argv[++index];
    if (value === undefined) return undefined;
    values[name] = option.many ? [...((values[name] as string[] | undefined) ?? []), value] : value;
  }
  return index === argv.length ? undefined : { args: argv.slice(index), values };
}

/** Name of an option's value in commander's form: `envFile` for `--env-file`. */
function nameOf({ flags }: CommandOption): string {
  const [, long = ''] = /--([\w-]+)/.exec(flags) ?? [];
  return long.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
