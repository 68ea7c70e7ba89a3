import { bars } from '../bars.ts';
import type { Question } from '../questions/question.ts';
import { conditions, versions } from './conditions.ts';
import { judge } from './judge.ts';
import { nothing } from './readme.ts';
import type { Result, Results } from './result.ts';
import { barsTable, resultTables } from './table.ts';

const introduction =
  'Written by `npm run bench` from the JSON files beside it; [what each number means](../README.md). `1.04 × (1.02–1.07)` ' +
  'is the median of the repetitions, with the lowest and the highest; a bar is judged by that median. p99 and the ' +
  'columns behind the ratio are medians alone.';

/** `bench/results/README.md`. Pure. */
export function resultsDocument(results: Results, questions: readonly Pick<Question, 'id'>[]): string {
  const parts = questions.flatMap(({ id }) => {
    const result = results.get(id);
    return result === undefined ? [] : [partOf(result)];
  });
  const head = `# Results of the benchmark\n\n${introduction}`;
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
