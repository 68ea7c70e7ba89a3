import type { CommandModule } from '../command.ts';
import { printInspected } from '../output/inspected.ts';

export const command: CommandModule = {
  define(command) {
    command
      .usage('[-f FORMAT] VOLUME…')
      .argument('<volume...>')
      .option('-f, --format <format>', 'json, or a Go template: {{.Mountpoint}}');
  },
  run(invocation) {
    return invocation.with((orlop) => printInspected(invocation, (name) => orlop.volumes.inspect(name)));
  },
};
