import { bars } from '../bars.ts';
import type { Question } from '../questions/question.ts';
import { conditions, versions } from './conditions.ts';
import { judge } from './judge.ts';
import type { Result, Results } from './result.ts';
import { barsTable, resultTables } from './table.ts';

/** Between these lines of the README stands what the results say. */
export const markers = { begin: '<!-- bench: written by npm run bench -->', end: '<!-- bench: end -->' } as const;

const nothing = 'No results yet: `npm run bench` takes them.';

/** What the README says between its markers. Pure. */
export function readmePart(results: Results): string {
  const start = results.get('start');
  if (start === undefined) return nothing;
  return [
    '![Time from the call to the first instruction, by runtime](bench/results/start.svg)',
    barsTable(judge(bars, results)),
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
  const body =
    parts.length === 0 ? nothing : [`## The bars\n\n${barsTable(judge(bars, results))}`, ...parts].join('\n\n');
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
