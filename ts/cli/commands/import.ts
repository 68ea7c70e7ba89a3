import { RequestError } from '../../errors/index.ts';
import { type CommandModule, collect, text, texts } from '../command.ts';

export const command: CommandModule = {
  later: ['--platform <platform>'],
  define(command) {
    command
      .usage('[OPTIONS] FILE|- [IMAGE[:TAG]]')
      .argument('<file>')
      .argument('[image]')
      .option('-m, --message <text>', 'Message for the history')
      .option('-c, --change <instruction>', `Set the configuration: 'CMD ["sh"]'`, collect);
    command.addHelpText('after', `\nFILE is a tar archive, also with gzip or zstd. '-' is standard input.`);
  },
  async run({ io, args, values, with: withStore }) {
    const [file = '', reference = null] = args;
    if (/^https?:\/\//.test(file)) {
      throw new RequestError('ORLOP_E_LATER', 'import from a URL comes with a later version', {
        hint: `pipe it: 'curl -fL ${file} | orlop import - ${reference ?? ''}'`,
      });
    }
    const source = file === '-' ? 0 : file;
    const { id } = await withStore((orlop) =>
      orlop.images.import(source, { reference, message: text(values, 'message'), changes: texts(values, 'change') }),
    );
    io.stdout.write(`${id}\n`);
    return 0;
  },
};
