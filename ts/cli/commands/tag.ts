import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  define(command) {
    command.usage('IMAGE NAME[:TAG]').argument('<image>').argument('<name>');
  },
  async run({ args, with: withStore }) {
    const [image = '', name = ''] = args;
    await withStore((orlop) => orlop.images.tag(image, name));
    return 0;
  },
};
