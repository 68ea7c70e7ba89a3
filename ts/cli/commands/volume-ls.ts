import type { VolumeSummary } from '../../api/types.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { compileFilter, type Filters, hasLabels, lacksLabels, parseBoolean } from '../filter.ts';
import { type Column, printList, type Row, warnDamaged } from '../list.ts';

const columns: readonly Column[] = [
  { header: 'DRIVER', field: 'Driver' },
  { header: 'VOLUME NAME', field: 'Name' },
];

export const volumeFilters: Filters<VolumeSummary> = {
  dangling: ({ usedBy }, values) => values.some((value) => parseBoolean('dangling', value) === (usedBy.length === 0)),
  driver: ({ driver }, values) => values.includes(driver),
  label: ({ labels }, values) => hasLabels(labels, values),
  'label!': ({ labels }, values) => lacksLabels(labels, values),
  name: ({ name }, values) => values.some((value) => name.includes(value)),
  anonymous: ({ anonymous }, values) => values.some((value) => parseBoolean('anonymous', value) === anonymous),
};

export const command: CommandModule = {
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
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Links: String(usedBy.length),
    Scope: 'local',
    Size: 'N/A',
  };
}
