import { Command } from 'commander';
import type { CommandModule } from './command.ts';
import type { CommandEntry } from './commands.ts';

/** What a command takes, as commander knows it: for parsing, help, manual pages and completion. */
export async function defineCommand(entry: CommandEntry): Promise<{ command: Command; module: CommandModule }> {
  const { command: module } = await entry.load();
  const command = new Command(`orlop ${entry.name}`).description(`${entry.summary}.`);
  module.define(command);
  const hostname = command.options.some(({ short }) => short === '-h');
  command.helpOption(hostname ? '--help' : '-h, --help', 'Show this');
  if (module.passThrough) command.passThroughOptions();
  return { command, module };
}
