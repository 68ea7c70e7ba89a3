import { Command, Option } from 'commander';
import { type CommandModule, collect, type Values } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import { wrap } from '../output/wrap.ts';
import { accepts, type LaterOption, laterOption } from './later.ts';

/**
 * Defines a command for commander: for parsing, help, manual pages and completion.
 *
 * @param options.later true to define Docker's options of a later version too
 */
export async function defineCommand(
  entry: CommandEntry,
  { later: known = true } = {},
): Promise<{ command: Command; module: CommandModule }> {
  const { command: module } = await entry.load();
  const command = new Command(`orlop ${entry.name}`).description(`${entry.summary}.`);
  for (const { flags, text, many } of module.options ?? []) {
    if (many) command.option(flags, text, collect);
    else command.option(flags, text);
  }
  module.define(command);
  addBelow(command, module);
  if (known && module.later !== undefined) addLater(command, module.later);
  const hostname = command.options.some(({ short }) => short === '-h');
  command.helpOption(hostname ? '--help' : '-h, --help', 'Show this');
  if (module.passThrough) command.passThroughOptions();
  return { command, module };
}

/** Adds the text below the options in the help. */
function addBelow(command: Command, { notes, examples }: CommandModule): void {
  const repeated = repeatable(command);
  const sentences = [notes, repeated === '' ? undefined : `These may be repeated: ${repeated}.`];
  for (const text of sentences) if (text !== undefined) command.addHelpText('after', `\n${wrapAll(text)}`);
  if (examples !== undefined)
    command.addHelpText('after', `\nExamples:\n${examples.map((one) => `  ${one}`).join('\n')}`);
}

function wrapAll(lines: string): string {
  return lines
    .split('\n')
    .map((line) => wrap(line))
    .join('\n');
}

/** Names of the repeatable options. */
export function repeatable(command: Command): string {
  const options = command.options.filter(({ parseArg, hidden }) => parseArg === collect && !hidden);
  return options.map(({ short, long }) => short ?? long ?? '').join(' ');
}

/** Defines the options of a later version, hidden in the help. `refuseLater` refuses what they ask for. */
function addLater(command: Command, known: readonly LaterOption[]): void {
  const options = known.map(({ flags }) => new Option(flags).hideHelp());
  // Each value counts, not only the last.
  for (const option of options) command.addOption(option.required ? option.argParser(collect) : option);
  const named = options.filter((_, at) => comesLater(known[at]));
  const names = named.map((option) => [option.short, option.long].filter(Boolean).join('/')).join(' ');
  if (names !== '') command.addHelpText('after', `\n${wrap(`Not in this version: ${names}`, '  ')}`);
}

/**
 * Refuses the values of options of a later version, unless orlop does what they ask for anyway. Returns the others.
 *
 * @throws {RequestError} ORLOP_E_LATER; ORLOP_E_USAGE for an option that never comes
 */
export function refuseLater({ later = [] }: CommandModule, values: Values): Values {
  const others = { ...values };
  for (const one of later) {
    const option = new Option(one.flags);
    const value = values[option.attributeName()];
    if (value === undefined) continue;
    const given = Array.isArray(value) ? value.map(String) : [String(option.negate ? !value : value)];
    if (!accepts(one, ...given)) throw laterOption(option.long ?? one.flags, one);
    delete others[option.attributeName()];
  }
  return others;
}

/** False for an option that is accepted with any value, or never comes. */
function comesLater(option: LaterOption | undefined): boolean {
  return option !== undefined && option.never === undefined && !accepts(option, 'true', 'false');
}
