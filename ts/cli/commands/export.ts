import { type CommandModule, text } from '../command.ts';
import { withOutput } from '../streams/output-file.ts';

export const command: CommandModule = {
  define(command) {
    command
      .usage('[-o FILE] CONTAINER')
      .argument('<container>')
      .option('-o, --output <file>', 'Write to a file instead of standard output');
  },
  async run({ io, args, values, with: withStore }) {
    await withStore(async (orlop) => {
      const container = await orlop.container(args[0] ?? '');
      await withOutput(io, text(values, 'output'), (descriptor) => container.export(descriptor));
    });
    return 0;
  },
};
