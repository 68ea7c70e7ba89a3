import { judge } from '../bars.ts';
import type { Question } from '../questions/question.ts';
import type { Result, Results } from './result.ts';
import { barsTable, resultTables } from './table.ts';

/** Between these lines of the README stands what the results say. */
export const markers = { begin: '<!-- bench: written by npm run bench -->', end: '<!-- bench: end -->' } as const;

const nothing = 'No results yet: `npm run bench` takes them.';

/** A sentence about the machine and the moment. Pure. */
export function conditions({ machine, load, taken, orlop }: Result): string {
  const { cpu, cpus, memoryGiB, kernel, node, mounts, disk, cgroups, hugePages, nodeExtraCaCerts } = machine;
  const busy = load.before > cpus / 2 ? ' **The machine was not idle: trust ratios only.**' : '';
  return (
    `Taken ${taken.slice(0, 10)} with orlop ${orlop} on ${cpus} CPUs (${cpu}), ${memoryGiB} GiB, Linux ${kernel}, ` +
    `Node ${node.replace(/^v/, '')}, ${mounts} mounts, /var/tmp on ${disk}, cgroups ${cgroups}, huge pages ${hugePages}, ` +
    `NODE_EXTRA_CA_CERTS ${nodeExtraCaCerts}, load ${load.before} before and ${load.after} after.${busy}`
  );
}

function versions({ machine }: Result): string {
  const list = Object.entries(machine.versions).map(([program, version]) => version.replace(/ version/, '') || program);
  return list.length === 0 ? '' : `Peers: ${list.join(', ')}.`;
}

/** What the README says between its markers. Pure. */
export function readmePart(results: Results): string {
  const start = results.get('start');
  if (start === undefined) return nothing;
  return [
    '![Time from the call to the first instruction, by runtime](bench/results/start.svg)',
    barsTable(judge(results)),
    `${conditions(start)} [All results](bench/results/README.md), [what each number means](bench/README.md).`,
  ].join('\n\n');
}

/** `bench/results/README.md`. Pure. */
export function resultsDocument(results: Results, questions: readonly Pick<Question, 'id'>[]): string {
  const parts = questions.flatMap(({ id }) => {
    const result = results.get(id);
    return result === undefined ? [] : [partOf(result)];
  });
  const head = '# Results of the benchmark\n\nWritten by `npm run bench` from the JSON files beside it.';
  const body = parts.length === 0 ? nothing : [`## The bars\n\n${barsTable(judge(results))}`, ...parts].join('\n\n');
  return `${head}\n\n${body}\n`;
}

function partOf(result: Result): string {
  const chart = `![${result.title}](${result.question}.svg)`;
  return [`## ${result.title}`, chart, resultTables(result), conditions(result), versions(result)]
    .filter((part) => part !== '')
    .join('\n\n');
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
