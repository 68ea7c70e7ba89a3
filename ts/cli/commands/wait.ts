import type { CommandModule } from '../command.ts';
import { forEachAtOnce } from '../each.ts';

export const command: CommandModule = {
  notes: 'One line for each container, in the order of the arguments: its exit code, 128 + n after signal n.',
  define(command) {
    command.usage('CONTAINER…').argument('<container...>');
  },
  run({ io, args, with: withStore }) {
    return withStore((orlop) =>
      forEachAtOnce(io, args, async (name) => String((await (await orlop.container(name)).wait()).exitCode)),
    );
  },
};
