import type { ContainerSummary } from '../../api/types.ts';
import { RequestError } from '../../errors/index.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { compileFilter, type Filters, hasLabels, nameMatcher, requireForm } from '../output/filter.ts';
import { ago, ellipsis, humanDuration, shortId, timestamp } from '../output/human.ts';
import { limitsText } from '../output/limits-text.ts';
import { type Column, labelFields, printList, type Row, warnDamaged } from '../output/list.ts';

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
  Limits: 'LIMITS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Size: 'SIZE',
  State: 'STATE',
};

/** Docker's states. Containers of orlop use three of them. */
const states = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];

const filters: Filters<ContainerSummary> = {
  id: (values) => (one) => values.some((value) => one.id.startsWith(value)),
  name: (values) => {
    const matches = nameMatcher(values);
    // With and without the slash that 'inspect' shows, as in Docker.
    return ({ name }) => matches(name) || matches(`/${name}`);
  },
  label: (values) => (one) => hasLabels(one.labels, values),
  status: (values) => {
    requireForm('status', values, new RegExp(`^(${states.join('|')})$`), `a status is one of ${states.join(', ')}`);
    return (one) => values.includes(one.status);
  },
  exited: (values) => {
    requireForm('exited', values, /^\d+$/, `write the exit status, as 'exited=0'`);
    return (one) => one.status === 'exited' && values.includes(String(one.exitCode));
  },
  ancestor:
    (values) =>
    ({ image }) =>
      values.some((value) => image.reference === value || image.id === value || shortId(image.id) === value),
  volume:
    (values) =>
    ({ mounts }) =>
      values.some((value) => mounts.some((m) => m.Name === value || m.Source === value || m.Destination === value)),
};

export const command: CommandModule = {
  examples: ["orlop ps -a -f status=exited --format '{{.ID}} {{.Names}}'"],
  later: [{ flags: '-s, --size', meanwhile: `du -sh $(orlop inspect -f '{{.GraphDriver.Data.UpperDir}}' CONTAINER)` }],
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-a, --all', 'Show those that do not run, too')
      .option('-q, --quiet', 'Print IDs only')
      .option('-f, --filter <filter>', `Show those with key=value; keys: ${Object.keys(filters).join(', ')}`, collect)
      .option('--format <format>', 'table, json, or a Go template: {{.ID}} {{.Limits}}')
      .option('-l, --latest', 'Show the newest one, whatever its state')
      .option('-n, --last <n>', 'Show the n newest ones, whatever their state')
      .option('--no-trunc', 'Do not cut what is long');
  },
  async run({ io, values, with: withStore }) {
    const last = flag(values, 'latest') ? 1 : countOf(text(values, 'last'));
    const filter = compileFilter(texts(values, 'filter'), filters);
    const byState = texts(values, 'filter').some((one) => /^(status|exited)=/.test(one));
    const all = (flag(values, 'all') ?? false) || last !== undefined || byState;
    const listing = await withStore((orlop) => orlop.containers.list({ all, filter }));
    warnDamaged(io, listing);
    const shown = listing.items.slice(0, last);
    const noTrunc = flag(values, 'trunc') === false;
    printList(
      io,
      shown.map((one) => toRow(one, io.now(), noTrunc)),
      { columns, headers, format: text(values, 'format'), only: flag(values, 'quiet') ? 'ID' : undefined },
    );
    return 0;
  },
};

function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new RequestError('ORLOP_E_USAGE', `'--last ${text}' is not a number of containers`, {
    hint: 'write a whole number from 1',
  });
}

function toRow(container: ContainerSummary, now: Date, noTrunc: boolean): Row {
  const { id, name, image, command, created, labels, mounts, limits } = container;
  const line = command.join(' ');
  return {
    ID: noTrunc ? id : shortId(id),
    Image: image.reference,
    Command: JSON.stringify(noTrunc ? line : ellipsis(line, 20)),
    CreatedAt: timestamp(created),
    RunningFor: ago(created, now),
    Status: statusText(container, now),
    State: container.status,
    Ports: '',
    Names: name,
    ...labelFields(labels),
    Mounts: mounts
      .map((mount) => (noTrunc ? (mount.Name ?? mount.Source) : ellipsis(mount.Name ?? mount.Source, 15)))
      .join(','),
    LocalVolumes: String(mounts.filter(({ Type }) => Type === 'volume').length),
    Networks: '',
    Size: '',
    Limits: limitsText(limits),
  };
}

/** `Up 3 hours`, `Exited (0) 5 minutes ago`, `Created`. */
function statusText({ status, exitCode, startedAt, finishedAt }: ContainerSummary, now: Date): string {
  if (status === 'created') return 'Created';
  if (status === 'running') return `Up ${humanDuration(now.getTime() - (startedAt ?? now).getTime())}`;
  return `Exited (${exitCode})${finishedAt === null ? '' : ` ${ago(finishedAt, now)}`}`;
}
