import type { VolumeSummary } from '../../api/types.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { booleans, compileFilter, type Filters, hasLabels, lacksLabels, nameMatcher } from '../output/filter.ts';
import { type Column, labelFields, printList, type Row, warnDamaged } from '../output/list.ts';

const columns: readonly Column[] = [
  { header: 'DRIVER', field: 'Driver' },
  { header: 'VOLUME NAME', field: 'Name' },
];

export const volumeFilters: Filters<VolumeSummary> = {
  dangling: (values) => {
    const wanted = booleans('dangling', values);
    return ({ usedBy }) => wanted(usedBy.length === 0);
  },
  driver: (values) => (volume) => values.includes(volume.driver),
  label: (values) => (volume) => hasLabels(volume.labels, values),
  'label!': (values) => (volume) => lacksLabels(volume.labels, values),
  name: (values) => {
    const matches = nameMatcher(values);
    return ({ name }) => matches(name);
  },
  anonymous: (values) => {
    const wanted = booleans('anonymous', values);
    return ({ anonymous }) => wanted(anonymous);
  },
};

export const command: CommandModule = {
  later: [{ flags: '--cluster', never: 'is one for clusters' }],
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-q, --quiet', 'Print names only')
      .option(
        '-f, --filter <filter>',
        `Show those with key=value; keys: ${Object.keys(volumeFilters).join(', ')}`,
        collect,
      )
      .option('--format <format>', 'table, json, or a Go template: {{.Name}} {{.Mountpoint}}');
  },
  async run({ io, values, with: withStore }) {
    const filter = compileFilter(texts(values, 'filter'), volumeFilters);
    const listing = await withStore((orlop) => orlop.volumes.list({ filter }));
    warnDamaged(io, listing);
    printList(io, listing.items.map(toRow), {
      columns,
      headers: { Labels: 'LABELS', Links: 'LINKS', Mountpoint: 'MOUNTPOINT', Scope: 'SCOPE', Size: 'SIZE' },
      format: text(values, 'format'),
      only: flag(values, 'quiet') ? 'Name' : undefined,
    });
    return 0;
  },
};

function toRow({ name, driver, mountpoint, labels, usedBy }: VolumeSummary): Row {
  return {
    Name: name,
    Driver: driver,
    Mountpoint: mountpoint,
    ...labelFields(labels),
    Links: String(usedBy.length),
    Scope: 'local',
    Size: 'N/A',
  };
}
