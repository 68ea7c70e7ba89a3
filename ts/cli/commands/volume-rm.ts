import { type CommandModule, flag } from '../command.ts';
import { forEach } from '../each.ts';

export const command: CommandModule = {
  define(command) {
    command
      .usage('[-f] VOLUME…')
      .argument('<volume...>')
      .option('-f, --force', 'Do not mind what is missing (a volume in use stays)');
  },
  run({ io, args, values, with: withStore }) {
    return withStore((orlop) =>
      forEach(io, args, async (name) => {
        try {
          await orlop.volumes.remove(name);
        } catch (error) {
          if (!flag(values, 'force') || (error as { code?: unknown }).code !== 'ORLOP_E_NO_VOLUME') throw error;
        }
        io.stdout.write(`${name}\n`);
      }),
    );
  },
};
