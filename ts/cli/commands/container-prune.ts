import type { ContainerSummary } from '../../api/types.ts';
import { type CommandModule, collect, flag, texts } from '../command.ts';
import { confirm } from '../confirm.ts';
import { compileFilter, type Filters, hasLabels, lacksLabels } from '../output/filter.ts';
import { humanSize } from '../output/human.ts';
import { parseMoment } from '../parse/moment.ts';

const filtersAt = (now: Date): Filters<ContainerSummary> => ({
  label: (values) => (one) => hasLabels(one.labels, values),
  'label!': (values) => (one) => lacksLabels(one.labels, values),
  until: (values) => {
    const moments = values.map((value) => parseMoment('the filter until', value, now));
    return ({ created }) => moments.every((moment) => created < moment);
  },
});

export const command: CommandModule = {
  examples: ['orlop container prune -f --filter until=24h'],
  notes: 'Anonymous volumes of the containers stay, as in Docker: orlop volume prune removes them.',
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-f, --force', 'Do not ask')
      .option('--filter <filter>', 'Only those with key=value; keys: label, label!, until', collect);
  },
  async run({ io, values, with: withStore }) {
    const filter = compileFilter(texts(values, 'filter'), filtersAt(io.now()));
    if (!flag(values, 'force') && !(await confirm(io, 'This will remove all stopped containers.'))) return 0;
    const { removed, reclaimed } = await withStore((orlop) => orlop.containers.prune({ filter }));
    if (removed.length > 0) io.stdout.write(`Deleted Containers:\n${removed.join('\n')}\n\n`);
    io.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
};
