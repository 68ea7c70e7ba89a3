import type { CommandModule } from '../command.ts';
import { printable } from '../output/table.ts';

export const command: CommandModule = {
  notes: 'A is added, C is changed, D is deleted. What is in volumes is not part of it.',
  define(command) {
    command.usage('CONTAINER').argument('<container>');
  },
  async run({ io, args, with: withStore }) {
    const changes = await withStore(async (orlop) => (await orlop.container(args[0] ?? '')).diff());
    io.stdout.write(changes.map(({ kind, path }) => `${kind} ${printable(path)}\n`).join(''));
    return 0;
  },
};
