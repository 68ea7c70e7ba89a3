import { Command, CommanderError } from 'commander';
import { RequestError } from '../../errors/index.ts';
import type { Arguments } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import type { Io } from '../io.ts';
import { helpWidth } from '../output/wrap.ts';
import { rewriteBooleans } from './booleans.ts';
import { defineCommand, refuseLater } from './define.ts';
import { canonicalWords, findCommand } from './find.ts';
import type { Globals } from './plain.ts';

/** Parses the options before the command, and the command. */
export async function parseGlobals(argv: readonly string[], io: Io): Promise<Globals> {
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
  const words = canonicalWords(program.args[0] === 'help' || help ? stripHelp(program.args) : program.args);
  const asked = help || program.args[0] === 'help';
  if (!asked) return { root, words };
  return { root, words: findCommand(words) === undefined ? ['help', ...words] : [...words, '--help'] };
}

function stripHelp(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? words.slice(1) : words;
}

/**
 * Parses the arguments of a command; null if they ask for its help.
 *
 * Tries first without the options of a later version: they are the most numerous, and rarely used.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export async function parseCommand(entry: CommandEntry, argv: readonly string[], io: Io): Promise<Arguments | null> {
  if (!argv.includes('--help')) {
    try {
      return await parseAs(entry, argv, io, { later: false });
    } catch {
      // The line may use an option of a later version, or the error may suggest one.
    }
  }
  return parseAs(entry, argv, io, { later: true });
}

async function parseAs(
  entry: CommandEntry,
  argv: readonly string[],
  io: Io,
  options: { readonly later: boolean },
): Promise<Arguments | null> {
  const { command, module } = await defineCommand(entry, options);
  prepare(command, io);
  const { argv: words, off } = rewriteBooleans(argv, command.options, !module.passThrough);
  if (!parse(command, words, entry.name)) return null;
  const values = { ...command.opts(), ...off };
  return { args: command.args, values: options.later ? refuseLater(module, values) : values };
}

/** Makes commander throw errors instead of printing them, and write help to the caller's output. */
function prepare(command: Command, io: Io): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .action(() => undefined);
}

/** False if commander printed the help. */
function parse(command: Command, words: readonly string[], name: string): boolean {
  try {
    command.parse(words, { from: 'user' });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    // The text has the form `error: unknown option '--x'`, and on a second line `(Did you mean --y?)`.
    const [message = '', second = ''] = error.message.replace(/^error: /, '').split('\n');
    const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(second)?.[1];
    throw new RequestError('ORLOP_E_USAGE', message.replace(/\.$/, ''), {
      hint: meant === undefined ? `'orlop ${name} --help' shows what it takes` : `did you mean '${meant}'?`,
    });
  }
}
