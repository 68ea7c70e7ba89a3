import type { Arguments, CommandModule, CommandOption } from '../command.ts';
import { ownName } from './find.ts';

// Command lines that can be read without commander, which takes a millisecond to be loaded and told of all options. What
// is not plain is left to it, so there is one grammar, and every message comes from there.

/** Options before the command. */
export interface Globals {
  readonly root: string | undefined;
  /** The command by its own name, and what follows it. */
  readonly words: readonly string[];
}

/** The usual beginning, a command or `--root DIR` and a command, without a parser; undefined for any other. */
export function plainGlobals(argv: readonly string[]): Globals | undefined {
  const [option, root] = argv[0] === '--root' ? argv : [];
  const words = option === undefined ? argv : argv.slice(2);
  if (words[0] === undefined || words[0].startsWith('-') || words[0] === 'help') return undefined;
  return { root, words: ownName(words) };
}

/** Options of a command, each a word, with its value as the next, before the first argument; undefined for any other. */
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

/** The name of an option's value, as commander forms it: `envFile` of `--env-file`. */
function nameOf({ flags }: CommandOption): string {
  const [, long = ''] = /--([\w-]+)/.exec(flags) ?? [];
  return long.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
