import type { Spread } from '../measure/statistics.ts';
import { repetitionsOf, wasIdle } from './conditions.ts';
import { formatSpread } from './number.ts';
import { type At, medianAt, over, ratio } from './reading.ts';
import type { Result, Results } from './result.ts';
import { markdownTable } from './table.ts';

/** Between these lines of the README stands what the results say. */
export const markers = { begin: '<!-- bench: written by npm run bench -->', end: '<!-- bench: end -->' } as const;

export const nothing = 'No results yet: `npm run bench` takes them.';

/** What a reader who knows nothing of the benchmark asks first. */
interface Line {
  readonly text: string;
  readonly question: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: 'ms' | '/s';
  /** Ids of contestants. */
  readonly orlop: string;
  readonly limit?: string;
  readonly bwrap?: string;
}

const run = { orlop: 'orlop-run', limit: 'limit-whole', bwrap: 'bwrap' } as const;
const rate = { ...run, question: 'throughput', metric: 'rate', unit: '/s' } as const;

/** Six at most. */
const lines: readonly Line[] = [
  {
    ...run,
    text: 'From the call of `run()` until the program in the container runs',
    ...{ question: 'start', case: 'network', metric: 'first', unit: 'ms', limit: 'limit' },
  },
  { ...rate, text: 'Containers started, ended and removed in a second, one after the other', case: '1' },
  { ...rate, text: 'The same, 32 at once', case: '32' },
  {
    ...run,
    text: '256 containers at once on a host with 264 more mounts, until the last is removed',
    ...{ question: 'burst', case: 'burst', metric: 'time', unit: 'ms' },
  },
  {
    text: 'For how long each `run()` keeps the event loop of Node busy, 8 at once',
    ...{ question: 'throughput', case: '8', metric: 'loop', unit: 'ms', orlop: 'orlop-run', bwrap: 'bwrap' },
  },
  {
    text: 'A whole command at the shell (`orlop run --rm -v …`, a new Node each time)',
    ...{ question: 'cli', case: 'command', metric: 'time', unit: 'ms' },
    ...{ orlop: 'orlop-cli', limit: 'limit', bwrap: 'bwrap' },
  },
];

/** What the README says between its markers. Pure. */
export function readmePart(results: Results): string {
  const start = results.get('start');
  if (start === undefined) return nothing;
  return [
    '![From the call until the program in a new container runs, in milliseconds](bench/results/readme.svg)',
    linesTable(results),
    explanation(start, [...results.values()]),
    '[All results, and the numbers that orlop is to reach](bench/results/README.md); ' +
      '[how they are taken](bench/README.md); [what each part is worth](docs/benchmarks.md).',
  ].join('\n\n');
}

function linesTable(results: Results): string {
  const rows = lines.flatMap((line) => {
    const result = results.get(line.question);
    const of = (contestant: string | undefined) => spreadOf(result, line, contestant);
    const orlop = of(line.orlop);
    if (orlop === null) return [];
    const cell = (spread: Spread | null) => (spread === null ? '' : formatSpread(spread, line.unit));
    const times = timesOf(result, line);
    return [[line.text, cell(orlop), cell(of(line.limit)), times, cell(of(line.bwrap))]];
  });
  return markdownTable(['', 'orlop', 'the C program', 'orlop : C program', 'bubblewrap'], rows);
}

function atOf(line: Line, contestant: string): At {
  return { case: line.case, metric: line.metric, contestant };
}

function spreadOf(result: Result | undefined, line: Line, contestant: string | undefined): Spread | null {
  return contestant === undefined ? null : over(result, medianAt(atOf(line, contestant)));
}

function timesOf(result: Result | undefined, line: Line): string {
  if (line.limit === undefined) return '';
  const times = over(result, ratio(medianAt(atOf(line, line.orlop)), medianAt(atOf(line, line.limit))));
  return times === null ? '' : formatSpread(times, '×');
}

function explanation({ machine, orlop }: Result, all: readonly Result[]): string {
  const beside = all.every(wasIdle)
    ? 'Nothing else ran.'
    : '**Something else ran as well: these numbers are to be taken anew.**';
  const [day = ''] = all.flatMap(({ repetitions }) => repetitions.map(({ taken }) => taken.slice(0, 10))).toSorted();
  const [fewest = []] = all.map(({ repetitions }) => repetitions).toSorted((a, b) => a.length - b.length);
  const count = repetitionsOf({ repetitions: fewest });
  const spread = fewest.length > 1 ? `, median of ${count} (lowest–highest)` : `, ${count}`;
  return (
    'The *C program* makes the same container by plain system calls and does nothing else: that is what the kernel ' +
    'needs for it. orlop may take less from the call on, because it makes parts of a container ahead. bubblewrap makes ' +
    'fewer mounts and no system call filter, and keeps the files in memory; a program starts it by ' +
    `\`child_process.spawn\`. Taken ${day} with orlop ${orlop}${spread}, on ${machine.cpus} CPUs ` +
    `(${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node.replace(/^v/, '')}. ${beside}`
  );
}

/**
 * Puts text between the markers. Pure.
 *
 * @throws Error when the document has no markers
 */
export function replacePart(document: string, part: string): string {
  const begin = document.indexOf(markers.begin);
  const end = document.indexOf(markers.end);
  if (begin < 0 || end < begin) throw new Error(`the document has no lines '${markers.begin}' and '${markers.end}'`);
  return `${document.slice(0, begin)}${markers.begin}\n${part}\n${document.slice(end)}`;
}
