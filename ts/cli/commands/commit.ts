import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { withProgress } from '../streams/progress.ts';

export const command: CommandModule = {
  notes: 'What is in volumes is not part of the image; the mount points are.',
  examples: [`orlop commit -c 'CMD ["sh"]' web web:2`],
  define(command) {
    command
      .usage('[OPTIONS] CONTAINER [IMAGE[:TAG]]')
      .argument('<container>')
      .argument('[image]')
      .option('-a, --author <name>', 'Author of the image')
      .option('-m, --message <text>', 'Message for the history')
      .option('-c, --change <instruction>', `Change the configuration: 'CMD ["sh"]'`, collect)
      .option('-q, --quiet', 'Show no progress')
      .option('-p, --pause', 'Pause the container meanwhile (the default)')
      .option('--no-pause', 'Do not pause the container meanwhile');
  },
  async run({ io, args, values, with: withStore }) {
    const [name = '', image = null] = args;
    const { id } = await withStore(async (orlop) => {
      const container = await orlop.container(name);
      const options = {
        author: text(values, 'author'),
        message: text(values, 'message'),
        changes: texts(values, 'change'),
        pause: flag(values, 'pause') ?? true,
      };
      const work = { label: `committing ${name}`, quiet: flag(values, 'quiet') };
      return withProgress(io, work, (onProgress) => container.commit(image, { ...options, onProgress }));
    });
    io.stdout.write(`${id}\n`);
    return 0;
  },
};
