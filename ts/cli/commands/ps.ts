import type { CommandRuntime } from '../../api/command-runtime.ts';
import type { ContainerSummary } from '../../api/types.ts';
import { RequestError } from '../../errors/index.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { compileFilter, type Filters, hasLabels, nameMatcher, requireForm } from '../output/filter.ts';
import { ago, ellipsis, humanDuration, humanSize, shortId, timestamp } from '../output/human.ts';
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

/** Filters of things that containers of orlop do not have yet: no container has such a port. */
const noPort = (filter: string) => (values: readonly string[]) => {
  requireForm(filter, values, /^\d+(-\d+)?(\/(tcp|udp|sctp))?$/, "write a port, as '80/tcp', or a range");
  return () => false;
};

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
  network:
    (values) =>
    ({ network }) =>
      values.includes(network),
  publish: noPort('publish'),
  expose: noPort('expose'),
  health: (values) => {
    requireForm('health', values, /^(starting|healthy|unhealthy|none)$/, 'starting, healthy, unhealthy or none');
    return () => values.includes('none');
  },
  volume:
    (values) =>
    ({ mounts }) =>
      values.some((value) => mounts.some((m) => m.Name === value || m.Source === value || m.Destination === value)),
};

/** Filters whose value is another container. */
const relative = ['before', 'since'] as const;

export const command: CommandModule = {
  examples: ["orlop ps -a -f status=exited --format '{{.ID}} {{.Names}}'"],
  define(command) {
    command
      .usage('[OPTIONS]')
      .option('-a, --all', 'Show those that do not run, too')
      .option('-q, --quiet', 'Print IDs only')
      .option(
        '-f, --filter <filter>',
        `Show those with key=value; keys: ${[...Object.keys(filters), ...relative].join(', ')}`,
        collect,
      )
      .option('--format <format>', 'table, json, or a Go template: {{.ID}} {{.Limits}}')
      .option('-s, --size', 'Show what each takes on the disk')
      .option('-l, --latest', 'Show the newest one, whatever its state')
      .option('-n, --last <n>', 'Show the n newest ones, whatever their state')
      .option('--no-trunc', 'Do not cut what is long');
  },
  async run({ io, values, with: withStore }) {
    const last = flag(values, 'latest') ? 1 : countOf(text(values, 'last'));
    const given = texts(values, 'filter');
    const size = flag(values, 'size') ?? false;
    const byState = given.some((one) => /^(status|exited)=/.test(one));
    const all = (flag(values, 'all') ?? false) || last !== undefined || byState;
    // Compiled once without a store: a mistake in them needs none.
    compileFilter(given, { ...filters, ...relativeTo(new Map()) });
    const listing = await withStore(async (orlop) => {
      const filter = compileFilter(given, { ...filters, ...relativeTo(await named(orlop, given)) });
      return orlop.containers.list({ all, filter, ...(size && { size }) });
    });
    warnDamaged(io, listing);
    const shown = listing.items.slice(0, last);
    const noTrunc = flag(values, 'trunc') === false;
    printList(
      io,
      shown.map((one) => toRow(one, io.now(), noTrunc)),
      {
        columns: size ? [...columns, { header: 'SIZE', field: 'Size' }] : columns,
        headers,
        format: text(values, 'format'),
        only: flag(values, 'quiet') ? 'ID' : undefined,
      },
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
  const { id, name, image, command, created, labels, mounts, limits, size } = container;
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
    Networks: container.network,
    Size: size === undefined ? '' : sizeText(size),
    Limits: limitsText(limits),
  };
}

/** Docker's: what the container has written, and with its image. */
function sizeText({ layer, image }: NonNullable<ContainerSummary['size']>): string {
  return `${humanSize(layer)} (virtual ${humanSize(layer + image)})`;
}

/** Filters by the time at which other containers were made. */
function relativeTo(times: ReadonlyMap<string, Date>): Filters<ContainerSummary> {
  const compare = (holds: (created: Date, other: Date) => boolean) => (values: readonly string[]) => {
    const others = values.map((value) => times.get(value) ?? new Date(0));
    return ({ created }: ContainerSummary) => others.every((other) => holds(created, other));
  };
  return { before: compare((created, other) => created < other), since: compare((created, other) => created > other) };
}

/** When the containers in the values of `before` and `since` were made. */
async function named(orlop: CommandRuntime, given: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const names = given.flatMap((one) => {
    const [key, name = ''] = one.split('=', 2);
    return relative.some((filter) => filter === key) ? [name] : [];
  });
  const times = new Map<string, Date>();
  for (const name of names) times.set(name, (await (await orlop.container(name)).summary()).created);
  return times;
}

/** `Up 3 hours`, `Exited (0) 5 minutes ago`, `Created`. */
function statusText({ status, exitCode, startedAt, finishedAt }: ContainerSummary, now: Date): string {
  if (status === 'created') return 'Created';
  if (status === 'running') return `Up ${humanDuration(now.getTime() - (startedAt ?? now).getTime())}`;
  return `Exited (${exitCode})${finishedAt === null ? '' : ` ${ago(finishedAt, now)}`}`;
}
