import { Command, CommanderError } from 'commander';
import type { OrlopRuntime } from '../api/types.ts';
import { RequestError } from '../errors/index.ts';
import { nearest } from '../request/text.ts';
import { rewriteBooleans } from './booleans.ts';
import type { CommandModule, Invocation } from './command.ts';
import { type CommandEntry, commands, synonyms } from './commands.ts';
import { defineCommand } from './define.ts';
import { topHelp } from './help.ts';
import type { Io } from './io.ts';
import { later, laterCommands } from './later.ts';
import { failed, report } from './report.ts';

/**
 * Runs one command line and resolves to the exit status. Prints through `io` only, and never ends the process.
 *
 * @param argv the arguments after the program's name
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__complete') return await (await import('./completion/answer.ts')).answer(argv.slice(1), io);
    const { root, words } = plainGlobals(argv) ?? parseGlobals(argv, io);
    const found = findCommand(words);
    return found === undefined ? withoutCommand(words, io) : await call(found.entry, found.argv, root, io);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return report(io, error);
  }
}

interface Globals {
  readonly root: string | undefined;
  /** The command by its own name, and what follows it. */
  readonly words: readonly string[];
}

/** The usual beginning, a command or `--root DIR` and a command, without a parser; undefined for any other. */
function plainGlobals(argv: readonly string[]): Globals | undefined {
  const [option, root] = argv[0] === '--root' ? argv : [];
  const words = option === undefined ? argv : argv.slice(2);
  if (words[0] === undefined || words[0].startsWith('-') || words[0] === 'help') return undefined;
  return { root, words: ownName(words) };
}

/** Options before the command, and the command. */
function parseGlobals(argv: readonly string[], io: Io): Globals {
  const program = prepare(new Command('orlop'), io)
    .helpOption(false)
    .option('--root <dir>')
    .option('-v, --version')
    .option('-h, --help')
    .argument('[words...]')
    .passThroughOptions();
  program.parse(argv, { from: 'user' });
  const { root, version, help } = program.opts<{ root?: string; version?: boolean; help?: boolean }>();
  if (version) return { root, words: ['version', '--short'] };
  const words = ownName(program.args[0] === 'help' || help ? stripHelp(program.args) : program.args);
  const asked = help || program.args[0] === 'help';
  if (!asked) return { root, words };
  return { root, words: findCommand(words) === undefined ? ['help', ...words] : [...words, '--help'] };
}

function stripHelp(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? words.slice(1) : words;
}

/** `container ls` is `ps`. */
function ownName(words: readonly string[]): readonly string[] {
  const name = words.slice(0, 2).join(' ');
  const target = Object.hasOwn(synonyms, name) ? synonyms[name] : undefined;
  return target === undefined ? words : [...target, ...words.slice(2)];
}

/** The command whose one or two words come first. */
function findCommand(words: readonly string[]): { entry: CommandEntry; argv: readonly string[] } | undefined {
  for (const count of [2, 1]) {
    const entry = commands.find(({ name }) => name === words.slice(0, count).join(' '));
    if (entry !== undefined) return { entry, argv: words.slice(count) };
  }
  return undefined;
}

/** Nothing, `help`, a group such as `volume`, a command of a later version, or a slip of the pen. */
function withoutCommand(words: readonly string[], io: Io): number {
  const helps = words[0] === 'help' || words.includes('--help') || words.includes('-h');
  const [first, second] = words.filter((word) => word !== 'help' && word !== '--help' && word !== '-h');
  if (first !== undefined && laterCommands.includes(first)) throw later(`the command '${first}'`);
  const group = first !== undefined && commands.some(({ name }) => name.startsWith(`${first} `));
  if (group && second !== undefined) throw unknownCommand(second, `${first} `);
  if (first !== undefined && !group) throw unknownCommand(first, '');
  (helps ? io.stdout : io.stderr).write(topHelp(commands, first));
  return helps ? 0 : failed;
}

function unknownCommand(given: string, group: string): RequestError {
  const all = [...commands.map(({ name }) => name), ...Object.keys(synonyms), ...laterCommands];
  const names = all.filter((name) => name.startsWith(group)).map((name) => name.slice(group.length));
  const close = nearest(given, names);
  const hint =
    close === undefined ? `'orlop ${group}--help' lists the commands` : `did you mean 'orlop ${group}${close}'?`;
  return new RequestError('ORLOP_E_USAGE', `there is no command '${group}${given}'`, { hint });
}

async function call(entry: CommandEntry, argv: readonly string[], root: string | undefined, io: Io): Promise<number> {
  const { command, module, off } = await parseCommand(entry, argv, io);
  const invocation: Invocation = {
    io,
    root,
    args: command.args,
    values: { ...command.opts(), ...Object.fromEntries(off.map((name) => [name, false])) },
    with: (use) => withStore(io, root, use),
  };
  return module.run(invocation);
}

interface Parsed {
  readonly command: Command;
  readonly module: CommandModule;
  /** Names of the flags that were switched off. */
  readonly off: readonly string[];
}

/** First without the options of later versions: they are more than the others, and hardly anybody gives them. */
async function parseCommand(entry: CommandEntry, argv: readonly string[], io: Io): Promise<Parsed> {
  if (!argv.includes('--help')) {
    try {
      return await parseAs(entry, argv, io, { later: false });
    } catch {
      // It may be one of them; and if not, one of them may have been meant.
    }
  }
  return parseAs(entry, argv, io, { later: true });
}

async function parseAs(
  entry: CommandEntry,
  argv: readonly string[],
  io: Io,
  options: { readonly later: boolean },
): Promise<Parsed> {
  const { command, module } = await defineCommand(entry, options);
  prepare(command, io);
  const { argv: words, off } = rewriteBooleans(argv, command.options, !module.passThrough);
  parse(command, words, entry.name);
  return { command, module, off };
}

/** Errors are thrown, not printed, and help goes to where the caller wants it. */
function prepare(command: Command, io: Io): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .action(() => undefined);
}

function parse(command: Command, words: readonly string[], name: string): void {
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    // Its text is `error: unknown option '--x'` and, on a second line, `(Did you mean --y?)`.
    const [message = '', second = ''] = error.message.replace(/^error: /, '').split('\n');
    const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(second)?.[1];
    throw new RequestError('ORLOP_E_USAGE', message.replace(/\.$/, ''), {
      hint: meant === undefined ? `'orlop ${name} --help' shows what it takes` : `did you mean '${meant}'?`,
    });
  }
}

async function withStore<Result>(
  io: Io,
  root: string | undefined,
  use: (orlop: OrlopRuntime) => Promise<Result>,
): Promise<Result> {
  const orlop = await io.open({ root });
  try {
    return await use(orlop);
  } finally {
    await orlop.close();
  }
}
