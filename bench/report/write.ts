import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { questions } from '../questions/all.ts';
import { chartSvg } from './chart.ts';
import { resultsDocument } from './documents.ts';
import { readmePart, replacePart } from './readme.ts';
import { readmeChart } from './readme-chart.ts';
import { readResults } from './result.ts';
import { svgOf } from './svg.ts';

/** Writes what is derived from the results: tables, charts, and the README's part. */
export async function writeReport(root: string): Promise<void> {
  const directory = join(root, 'bench/results');
  mkdirSync(directory, { recursive: true });
  const results = readResults(
    directory,
    questions.map(({ id }) => id),
  );
  for (const [question, result] of results) writeFileSync(join(directory, `${question}.svg`), await chartSvg(result));
  const start = results.get('start');
  if (start !== undefined) writeFileSync(join(directory, 'readme.svg'), await svgOf(readmeChart(start)));
  writeFileSync(join(directory, 'README.md'), resultsDocument(results, questions));
  const readme = join(root, 'README.md');
  writeFileSync(readme, replacePart(readFileSync(readme, 'utf8'), readmePart(results)));
}
