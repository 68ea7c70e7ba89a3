import type { ContainerSummary } from '../../api/types.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { compileFilter, type Filters, hasLabels } from '../filter.ts';
import { ago, ellipsis, humanDuration, shortId, timestamp } from '../human.ts';
import { type Column, printList, type Row, warnDamaged } from '../list.ts';

const columns: readonly Column[] = [
  { header: 'CONTAINER ID', field: 'ID' },
  { header: 'IMAGE', field: 'Image' },
  { header: 'COMMAND', field: 'Command' },
  { header: 'CREATED', field: 'RunningFor' },
  { header: 'STATUS', field: 'Status' },
  { header: 'PORTS', field: 'Ports' },
  { header: 'NAMES', field: 'Names' },
];
const headers = {
  CreatedAt: 'CREATED AT',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Size: 'SIZE',
  State: 'STATE',
};

const filters: Filters<ContainerSummary> = {
  id: ({ id }, values) => values.some((value) => id.startsWith(value)),
  name: ({ name }, values) => values.some((value) => name.includes(value)),
  label: ({ labels }, values) => hasLabels(labels, values),
  status: ({ status }, values) => values.includes(status),
  exited: ({ status, exitCode }, values) => status === 'exited' && values.includes(String(exitCode)),
  ancestor: ({ image }, values) =>
    values.some((value) => image.reference === value || image.id === value || shortId(image.id) === value),
  volume: ({ mounts }, values) =>
    values.some((value) => mounts.some((m) => m.Name === value || m.Source === value || m.Destination === value)),
};

export const command: CommandModule = {
  examples: ["orlop ps -a -f status=exited --format '{{.ID}} {{.Names}}'"],
  later: ['-s, --size'],
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-a, --all', 'Show those that do not run, too')
      .option('-q, --quiet', 'Print IDs only')
      .option('-f, --filter <filter>', `Show those with key=value; keys: ${Object.keys(filters).join(', ')}`, collect)
      .option('--format <format>', 'table, json, or a Go template: {{.ID}} {{.Names}}')
      .option('-l, --latest', 'Show the newest one, whatever its state')
      .option('-n, --last <n>', 'Show the n newest ones, whatever their state', Number)
      .option('--no-trunc', 'Do not cut what is long');
  },
  async run({ io, values, with: withStore }) {
    const last = flag(values, 'latest') ? 1 : values.last;
    const filter = compileFilter(texts(values, 'filter'), filters);
    const byState = texts(values, 'filter').some((one) => /^(status|exited)=/.test(one));
    const all = (flag(values, 'all') ?? false) || typeof last === 'number' || byState;
    const listing = await withStore((orlop) => orlop.containers.list({ all, filter }));
    warnDamaged(io, listing);
    const shown = typeof last === 'number' ? listing.items.slice(0, last) : listing.items;
    const whole = flag(values, 'trunc') === false;
    printList(
      io,
      shown.map((one) => toRow(one, io.now(), whole)),
      { columns, headers, format: text(values, 'format'), only: flag(values, 'quiet') ? 'ID' : undefined },
    );
    return 0;
  },
};

function toRow(container: ContainerSummary, now: Date, whole: boolean): Row {
  const { id, name, image, command, created, labels, mounts } = container;
  const line = command.join(' ');
  return {
    ID: whole ? id : shortId(id),
    Image: image.reference,
    Command: JSON.stringify(whole ? line : ellipsis(line, 20)),
    CreatedAt: timestamp(created),
    RunningFor: ago(created, now),
    Status: statusText(container, now),
    State: container.status,
    Ports: '',
    Names: name,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Mounts: mounts
      .map((mount) => (whole ? (mount.Name ?? mount.Source) : ellipsis(mount.Name ?? mount.Source, 15)))
      .join(','),
    LocalVolumes: String(mounts.filter(({ Type }) => Type === 'volume').length),
    Networks: '',
    Size: '',
  };
}

/** `Up 3 hours`, `Exited (0) 5 minutes ago`, `Created`. */
function statusText({ status, exitCode, startedAt, finishedAt }: ContainerSummary, now: Date): string {
  if (status === 'created') return 'Created';
  if (status === 'running') return `Up ${humanDuration(now.getTime() - (startedAt ?? now).getTime())}`;
  return `Exited (${exitCode ?? 'unknown'})${finishedAt === null ? '' : ` ${ago(finishedAt, now)}`}`;
}
