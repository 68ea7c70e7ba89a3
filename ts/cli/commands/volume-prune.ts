import { type CommandModule, collect, flag, texts } from '../command.ts';
import { confirm } from '../confirm.ts';
import { compileFilter } from '../output/filter.ts';
import { humanSize } from '../output/human.ts';
import { volumeFilters } from './volume-ls.ts';

const { label, 'label!': noLabel, name } = volumeFilters;

export const command: CommandModule = {
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-a, --all', 'Named volumes, too, not only anonymous ones')
      .option('-f, --force', 'Do not ask')
      .option('--filter <filter>', 'Only those with key=value; keys: label, label!, name', collect);
  },
  async run({ io, values, with: withStore }) {
    const all = flag(values, 'all') ?? false;
    const allowed = Object.fromEntries(
      Object.entries({ label, 'label!': noLabel, name }).flatMap(([key, one]) =>
        one === undefined ? [] : [[key, one]],
      ),
    );
    const filter = compileFilter(texts(values, 'filter'), allowed);
    const kind = all ? 'all' : 'anonymous';
    const warning = `This will remove ${kind} local volumes not used by at least one container.`;
    if (!flag(values, 'force') && !(await confirm(io, warning))) return 0;
    const { removed, reclaimed } = await withStore((orlop) => orlop.volumes.prune({ all, filter }));
    if (removed.length > 0) io.stdout.write(`Deleted Volumes:\n${removed.join('\n')}\n\n`);
    io.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
};
