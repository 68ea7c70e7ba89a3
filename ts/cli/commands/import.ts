import { RequestError } from '../../errors/index.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { withProgress } from '../streams/progress.ts';

export const command: CommandModule = {
  makesStore: true,
  notes: `FILE is a tar archive, also with gzip or zstd. '-' is standard input.`,
  examples: ['orlop import rootfs.tar debian:trixie', 'tar -C rootfs -c . | orlop import - mine'],
  later: [{ flags: '--platform <platform>', same: [''], meanwhile: 'leave it out: it is that of this machine' }],
  define(command) {
    command
      .usage('[OPTIONS] FILE|- [IMAGE[:TAG]]')
      .argument('<file>')
      .argument('[image]')
      .option('-q, --quiet', 'Show no progress')
      .option('-m, --message <text>', 'Message for the history')
      .option('-c, --change <instruction>', `Set the configuration: 'CMD ["sh"]'`, collect);
  },
  async run({ io, args, values, with: withStore }) {
    const [file = '', reference = null] = args;
    if (/^https?:\/\//.test(file)) {
      throw new RequestError('ORLOP_E_LATER', 'import from a URL comes with a later version', {
        hint: `pipe it: 'curl -fL ${file} | orlop import - ${reference ?? ''}'`,
      });
    }
    const work = { label: file === '-' ? 'importing' : `importing ${file}`, quiet: flag(values, 'quiet') };
    const options = { reference, message: text(values, 'message'), changes: texts(values, 'change') };
    const { id } = await withStore((orlop) =>
      withProgress(io, work, (onProgress) => orlop.images.import(file === '-' ? 0 : file, { ...options, onProgress })),
    );
    io.stdout.write(`${id}\n`);
    return 0;
  },
};
