import { Command, CommanderError } from 'commander';
import { RequestError } from '../../errors/index.ts';
import type { Arguments } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import type { Io } from '../io.ts';
import { rewriteBooleans } from './booleans.ts';
import { defineCommand } from './define.ts';
import { findCommand, ownName } from './find.ts';
import type { Globals } from './plain.ts';

/** Options before the command, and the command. */
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
  const words = ownName(program.args[0] === 'help' || help ? stripHelp(program.args) : program.args);
  const asked = help || program.args[0] === 'help';
  if (!asked) return { root, words };
  return { root, words: findCommand(words) === undefined ? ['help', ...words] : [...words, '--help'] };
}

function stripHelp(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? words.slice(1) : words;
}

/**
 * What a command is given; null when that was to show its help.
 *
 * First without the options of later versions: they are more than the others, and hardly anybody gives them.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export async function parseCommand(entry: CommandEntry, argv: readonly string[], io: Io): Promise<Arguments | null> {
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
): Promise<Arguments | null> {
  const { command, module } = await defineCommand(entry, options);
  prepare(command, io);
  const { argv: words, off } = rewriteBooleans(argv, command.options, !module.passThrough);
  if (!parse(command, words, entry.name)) return null;
  const values = { ...command.opts(), ...Object.fromEntries(off.map((name) => [name, false])) };
  return { args: command.args, values };
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

/** False when the help was shown. */
function parse(command: Command, words: readonly string[], name: string): boolean {
  try {
    command.parse(words, { from: 'user' });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    // Its text is `error: unknown option '--x'` and, on a second line, `(Did you mean --y?)`.
    const [message = '', second = ''] = error.message.replace(/^error: /, '').split('\n');
    const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(second)?.[1];
    throw new RequestError('ORLOP_E_USAGE', message.replace(/\.$/, ''), {
      hint: meant === undefined ? `'orlop ${name} --help' shows what it takes` : `did you mean '${meant}'?`,
    });
  }
}
