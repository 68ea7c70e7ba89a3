import { RequestError } from '../../errors/index.ts';
import { type CommandModule, flag, text } from '../command.ts';
import { withProgress } from '../streams/progress.ts';

export const command: CommandModule = {
  makesStore: true,
  notes: 'Reads what `docker save`, `podman save` and `skopeo` write: docker-archive and OCI archive.',
  examples: ['docker save debian:trixie | orlop load', 'orlop load -i debian.tar'],
  later: [{ flags: '--platform <platform>', same: [''], meanwhile: 'leave it out: an image has one' }],
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-i, --input <file>', 'Read from a file instead of standard input')
      .option('-q, --quiet', 'Print nothing');
  },
  async run({ io, values, with: withStore }) {
    const file = text(values, 'input');
    if (file === undefined && io.isTerminal(0)) {
      throw new RequestError('ORLOP_E_USAGE', 'standard input is a terminal, not an archive', {
        hint: `use '-i FILE'`,
      });
    }
    const quiet = flag(values, 'quiet');
    const work = { label: file === undefined ? 'loading' : `loading ${file}`, quiet };
    const loaded = await withStore((orlop) =>
      withProgress(io, work, (onProgress) => orlop.images.load(file ?? 0, { onProgress })),
    );
    if (quiet) return 0;
    for (const { id, references } of loaded) {
      if (references.length === 0) io.stdout.write(`Loaded image ID: ${id}\n`);
      for (const reference of references) io.stdout.write(`Loaded image: ${reference}\n`);
    }
    return 0;
  },
};
