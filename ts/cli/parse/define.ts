import { Command, Option } from 'commander';
import { type CommandModule, collect } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import { later, wrap } from './later.ts';

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
  for (const text of sentences) if (text !== undefined) command.addHelpText('after', `\n${text}`);
  if (examples !== undefined)
    command.addHelpText('after', `\nExamples:\n${examples.map((one) => `  ${one}`).join('\n')}`);
}

/** Names of the repeatable options. */
export function repeatable(command: Command): string {
  const options = command.options.filter(({ parseArg, hidden }) => parseArg === collect && !hidden);
  return options.map(({ short, long }) => short ?? long ?? '').join(' ');
}

/** Defines the options of a later version, hidden in the help, so that using one gets its own error. */
function addLater(command: Command, flags: readonly string[]): void {
  const options = flags.map((one) => new Option(one).hideHelp());
  for (const option of options) command.addOption(option);
  const names = options.map((option) => [option.short, option.long].filter(Boolean).join('/')).join(' ');
  command.addHelpText('after', `\n${wrap(`Not in this version: ${names}`)}`);
  command.hook('preAction', () => {
    for (const option of options) {
      if (command.getOptionValueSource(option.attributeName()) === 'cli') {
        throw later(`option '${option.long}'`, option.long);
      }
    }
  });
}
