import type { ArchiveFormat } from '../../api/types.ts';
import { type CommandModule, flag, text } from '../command.ts';
import { onlyFormat } from '../output/list.ts';
import { withOutput } from '../streams/output-file.ts';
import { withProgress } from '../streams/progress.ts';

const formats: readonly ArchiveFormat[] = ['docker-archive', 'oci-archive'];

export const command: CommandModule = {
  examples: ['orlop save -o both.tar debian:trixie web:2', 'orlop save web:2 | docker load'],
  later: [{ flags: '--platform <platform>', same: [''], meanwhile: 'leave it out: an image has one' }],
  define(command) {
    command
      .usage('[OPTIONS] IMAGE…')
      .argument('<image...>')
      .option('-o, --output <file>', 'Write to a file instead of standard output')
      .option('-q, --quiet', 'Show no progress')
      .option('--format <format>', `${formats.join(' or ')} (the default is the first)`);
  },
  async run({ io, args, values, with: withStore }) {
    const format = onlyFormat(text(values, 'format'), formats);
    const work = { label: `saving ${args.join(' ')}`, quiet: flag(values, 'quiet') };
    await withStore((orlop) =>
      withOutput(io, text(values, 'output'), (descriptor) =>
        withProgress(io, work, (onProgress) => orlop.images.save(args, { descriptor, format, onProgress })),
      ),
    );
    return 0;
  },
};
