import type { ImageSummary } from '../../api/types.ts';
import { type CommandModule, collect, flag, text, texts } from '../command.ts';
import { booleans, compileFilter, type Filters, hasLabels } from '../output/filter.ts';
import { ago, humanSize, shortId, timestamp } from '../output/human.ts';
import { type Column, printList, type Row, warnDamaged } from '../output/list.ts';

const columns: readonly Column[] = [
  { header: 'REPOSITORY', field: 'Repository' },
  { header: 'TAG', field: 'Tag' },
  { header: 'IMAGE ID', field: 'ID' },
  { header: 'CREATED', field: 'CreatedSince' },
  { header: 'SIZE', field: 'Size' },
  { header: 'DISK', field: 'DiskUsage' },
];

const filters: Filters<ImageSummary> = {
  dangling: (values) => {
    const wanted = booleans('dangling', values);
    return ({ references }) => wanted(references.length === 0);
  },
  label: (values) => (image) => hasLabels(image.labels, values),
  reference: (values) => (image) => values.some((value) => image.references.some((one) => matches(one, value))),
};

export const command: CommandModule = {
  notes: `SIZE is that of the unpacked layers. DISK is what the store has of the image, up to twice as much: it also keeps the archives of the layers, because their digests name the image, and 'save' writes them as they came. The layer of a commit is unpacked by the first container that uses it.`,
  later: [
    { flags: '--digests', meanwhile: "'orlop inspect IMAGE' shows the digests of the layers" },
    { flags: '--tree', meanwhile: "'orlop inspect IMAGE' shows the layers" },
  ],
  define(command) {
    command
      .usage('[OPTIONS] [REPOSITORY[:TAG]]')
      .argument('[repository]')
      .option('-a, --all', 'Accepted: there are no hidden images')
      .option('-q, --quiet', 'Print IDs only')
      .option('-f, --filter <filter>', `Show those with key=value; keys: ${Object.keys(filters).join(', ')}`, collect)
      .option('--format <format>', 'table, json, or a Go template: {{.Repository}}:{{.Tag}}')
      .option('--no-trunc', 'Do not cut what is long');
  },
  async run({ io, args, values, with: withStore }) {
    const [repository] = args;
    const filter = compileFilter(texts(values, 'filter'), filters);
    const listing = await withStore((orlop) => orlop.images.list({ filter }));
    warnDamaged(io, listing);
    const noTrunc = flag(values, 'trunc') === false;
    const rows = listing.items.flatMap((image) => toRows(image, repository, io.now(), noTrunc));
    const quiet = flag(values, 'quiet') ?? false;
    printList(io, quiet ? uniqueIds(rows) : rows, {
      columns,
      headers: { CreatedAt: 'CREATED AT', Digest: 'DIGEST' },
      format: text(values, 'format'),
      only: quiet ? 'ID' : undefined,
    });
    return 0;
  },
};

/** The rows of an image, one for each name. */
function toRows(image: ImageSummary, repository: string | undefined, now: Date, noTrunc: boolean): Row[] {
  const references = image.references.length > 0 ? image.references : ['<none>:<none>'];
  const wanted = repository === undefined ? references : references.filter((one) => matches(one, repository));
  return wanted.map((reference) => {
    const colon = reference.lastIndexOf(':');
    return {
      Repository: reference.slice(0, colon),
      Tag: reference.slice(colon + 1),
      ID: noTrunc ? image.id : shortId(image.id),
      Digest: '<none>',
      CreatedSince: image.created === null ? 'N/A' : ago(image.created, now),
      CreatedAt: image.created === null ? 'N/A' : timestamp(image.created),
      Size: humanSize(image.size),
      DiskUsage: humanSize(image.diskUsage),
    };
  });
}

/** `debian`, `debian:trixie`, `deb*`, `debian:*`: a pattern without a tag matches every tag. */
function matches(reference: string, pattern: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  const tagged = pattern.lastIndexOf(':') > pattern.lastIndexOf('/');
  return new RegExp(`^${expression}${tagged ? '' : ':[^/]*'}$`).test(reference);
}

function uniqueIds(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.ID, row])).values()];
}
