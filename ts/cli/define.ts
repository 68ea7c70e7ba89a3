import { Command } from 'commander';
import type { CommandModule } from './command.ts';
import type { CommandEntry } from './commands.ts';
import { addLater } from './later.ts';

/**
 * What a command takes, as commander knows it: for parsing, help, manual pages and completion.
 *
 * @param options.later whether it knows the options that come with a later version
 */
export async function defineCommand(
  entry: CommandEntry,
  { later = true } = {},
): Promise<{ command: Command; module: CommandModule }> {
  const { command: module } = await entry.load();
  const command = new Command(`orlop ${entry.name}`).description(`${entry.summary}.`);
  if (later && module.later !== undefined) addLater(command, module.later);
  module.define(command);
  const hostname = command.options.some(({ short }) => short === '-h');
  command.helpOption(hostname ? '--help' : '-h, --help', 'Show this');
  if (module.passThrough) command.passThroughOptions();
  return { command, module };
}
