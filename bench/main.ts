import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.ts';
import { requireBuild } from './ground/build.ts';
import { makeGround } from './ground/ground.ts';
import { isInside, prepareNamespace, runInside } from './ground/namespace.ts';
import type { Options } from './options.ts';
import { questions } from './questions/all.ts';
import { writeResult } from './report/result.ts';
import { printable } from './report/terminal.ts';
import { writeReport } from './report/write.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs the benchmark. @returns the exit status of the program */
export async function main(options: Options): Promise<number> {
  if (!options.report) {
    if (!isInside()) requireBuild();
    if (!isInside()) return runInside();
    await askAll(options);
  }
  if (!options.quick) await writeReport(root);
  return 0;
}

async function askAll({ quick, questions: names }: Options): Promise<void> {
  prepareNamespace();
  const ground = await makeGround();
  for (const question of questions) {
    if (names.length > 0 && !names.includes(question.id)) continue;
    const result = await ask(question, ground, quick ? 'quick' : 'whole');
    console.log(`${printable(result)}\n`);
    if (!quick) writeResult(join(root, 'bench/results'), result);
  }
}
