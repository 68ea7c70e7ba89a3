import { existsSync } from 'node:fs';
import type { CommandRuntime } from '../api/command-runtime.ts';
import type { OpenOptions } from '../api/types.ts';
import { RequestError } from '../errors/index.ts';
import { nearest } from '../request/text.ts';
import { errorCode } from '../store/system-error.ts';
import { type CommandModule, type Invocation, text } from './command.ts';
import { type CommandEntry, commands, synonyms } from './commands.ts';
import type { Io } from './io.ts';
import { topHelp } from './output/help.ts';
import { failed, report } from './output/report.ts';
import { findCommand } from './parse/find.ts';
import { laterCommands, refusalOf } from './parse/later.ts';
import { parseCommand, parseGlobals } from './parse/parse.ts';
import { plainCommand, plainGlobals } from './parse/plain.ts';

/**
 * Runs a command line. Resolves to the exit status. Prints through `io` only, and never exits the process.
 *
 * @param argv arguments after the program's name
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__complete') return await (await import('./completion/answer.ts')).answer(argv.slice(1), io);
    const { root, words } = plainGlobals(argv) ?? (await parseGlobals(argv, io));
    const found = findCommand(words);
    return found === undefined ? withoutCommand(words, io) : await call(found.entry, found.argv, root, io);
  } catch (error) {
    return report(io, error);
  }
}

/** Handles an empty line, `help`, a group such as `volume`, a command of a later version, and a typo. */
function withoutCommand(words: readonly string[], io: Io): number {
  const helps = words[0] === 'help' || words.includes('--help') || words.includes('-h');
  const [first, second] = words.filter((word) => word !== 'help' && word !== '--help' && word !== '-h');
  const names = [...commands.map(({ name }) => name), ...Object.keys(synonyms)];
  const refusal = first === undefined ? undefined : refusalOf([first, second ?? '']);
  if (refusal !== undefined) throw refusal;
  const group = first !== undefined && names.some((name) => name.startsWith(`${first} `));
  if (group && second !== undefined) throw unknownCommand(second, `${first} `);
  if (first !== undefined && !group) throw unknownCommand(first, '');
  (helps ? io.stdout : io.stderr).write(topHelp(commands, first));
  return helps ? 0 : failed;
}

function unknownCommand(given: string, group: string): RequestError {
  const all = [...commands.map(({ name }) => name), ...Object.keys(synonyms), ...Object.keys(laterCommands)];
  const names = all.filter((name) => name.startsWith(group)).map((name) => name.slice(group.length));
  const close = nearest(given, names);
  const hint =
    close === undefined ? `'orlop ${group}--help' lists the commands` : `did you mean 'orlop ${group}${close}'?`;
  return new RequestError('ORLOP_E_USAGE', `there is no command '${group}${given}'`, { hint });
}

async function call(entry: CommandEntry, argv: readonly string[], root: string | undefined, io: Io): Promise<number> {
  const { command } = await entry.load();
  const given = plainCommand(command, argv) ?? (await parseCommand(entry, argv, io));
  if (given === null) return 0;
  const options = { root, isolation: text(given.values, 'isolation') };
  const invocation: Invocation = { io, root, ...given, with: (use) => withStore(io, command, options, use) };
  try {
    return await command.run(invocation);
  } catch (error) {
    const status = report(io, error);
    // 125 and above are for what happens to an application, as in Docker.
    return !command.passThrough && missing.has(errorCode(error)) ? 1 : status;
  }
}

/** Codes of errors for a missing container, image or volume. */
const missing = new Set<string | undefined>(['ORLOP_E_NO_CONTAINER', 'ORLOP_E_NO_IMAGE', 'ORLOP_E_NO_VOLUME']);

async function withStore<Result>(
  io: Io,
  { makesStore }: CommandModule,
  options: OpenOptions,
  use: (orlop: CommandRuntime) => Promise<Result>,
): Promise<Result> {
  const { root } = options;
  if (root !== undefined && makesStore === undefined && !existsSync(root)) {
    throw new RequestError('ORLOP_E_STORE', `there is no store at '${root}'`, {
      hint: "check --root; 'run', 'create', 'import', 'load' and 'volume create' make a store",
    });
  }
  const orlop = await io.open(options);
  try {
    return await use(orlop);
  } finally {
    await orlop.close();
  }
}
