import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireBuild } from './ground/build.ts';
import { makeGrounds } from './ground/grounds.ts';
import { isInside, prepareNamespace, runInside } from './ground/namespace.ts';
import { NotReady } from './ground/not-ready.ts';
import { NotQuiet, quietBelow } from './measure/quiet.ts';
import type { Options } from './options.ts';
import { questions } from './questions/all.ts';
import { repeat } from './repeat.ts';
import { writeResult } from './report/result.ts';
import { printable } from './report/terminal.ts';
import { writeReport } from './report/write.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Exit status of a run that cannot begin. */
const unable = 2;
/** Exit status of a run whose results would not be true. */
const refused = 3;

/** Runs the benchmark. @returns the exit status of the program */
export async function main(options: Options): Promise<number> {
  if (!options.report) {
    try {
      if (!isInside()) requireBuild();
      if (!isInside()) return runInside();
      await askAll(options);
    } catch (error) {
      return explained(error);
    }
  }
  if (!options.quick) await writeReport(root);
  return 0;
}

/** Prints an error whose cause the caller can remove. @returns the exit status of the program */
function explained(error: unknown): number {
  if (error instanceof NotReady) {
    console.error(`bench: ${error.message}`);
    return unable;
  }
  if (!(error instanceof NotQuiet)) throw error;
  console.error(refusal(error));
  return refused;
}

function refusal({ message }: NotQuiet): string {
  return (
    `bench: nothing was written: ${message}. Results are kept when the load is below ${quietBelow}: processors in use ` +
    'while the benchmark itself does nothing. End what else runs (top names it) and run this again, or look at figures ' +
    'that are not kept: npm run bench -- --quick'
  );
}

async function askAll({ quick, repeat: times, questions: names }: Options): Promise<void> {
  prepareNamespace();
  const asked = questions.filter(({ id }) => names.length === 0 || names.includes(id));
  const results = await repeat(asked, await makeGrounds(), { mode: quick ? 'quick' : 'whole', repeat: times });
  for (const result of results) console.log(`${printable(result)}\n`);
  // Written together, after the last repetition: a run that was broken off leaves no half of itself.
  if (!quick) for (const result of results) writeResult(join(root, 'bench/results'), result);
}
