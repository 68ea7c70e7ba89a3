import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  define(command) {
    command.usage('CONTAINER NAME').argument('<container>').argument('<name>');
  },
  async run({ args, with: withStore }) {
    const [container = '', name = ''] = args;
    await withStore(async (orlop) => (await orlop.container(container)).rename(name));
    return 0;
  },
};
