import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { questions } from '../questions/all.ts';
import { chartSvg } from './chart.ts';
import { readmePart, replacePart, resultsDocument } from './documents.ts';
import { readResults } from './result.ts';

/** Writes what is derived from the results: tables, charts, and the README's part. */
export async function writeReport(root: string): Promise<void> {
  const directory = join(root, 'bench/results');
  mkdirSync(directory, { recursive: true });
  const results = readResults(
    directory,
    questions.map(({ id }) => id),
  );
  for (const [question, result] of results) writeFileSync(join(directory, `${question}.svg`), await chartSvg(result));
  writeFileSync(join(directory, 'README.md'), resultsDocument(results, questions));
  const readme = join(root, 'README.md');
  writeFileSync(readme, replacePart(readFileSync(readme, 'utf8'), readmePart(results)));
}
