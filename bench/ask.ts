import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from './ground/ground.ts';
import { loadNow, type Machine, machineFacts } from './ground/machine.ts';
import { measure } from './measure/measure.ts';
import type { Question } from './questions/question.ts';
import type { Result } from './report/result.ts';

const seed = 20_240_229;

/** Asks a question: measures all its contestants in one run. */
export async function ask(question: Question, ground: Ground, mode: 'whole' | 'quick'): Promise<Result> {
  const called = Date.now();
  const machine: Machine = machineFacts();
  const before = loadNow();
  const effort = question.effort[mode];
  const prepared = await question.prepare(ground, mode);
  try {
    const rows = await measure(prepared.entries, { ...effort, seed, progress: progressOf(question.id) });
    const { id, title, cases, columns, reference } = question;
    return {
      version: 1,
      question: id,
      title,
      taken: new Date(called).toISOString(),
      seconds: Math.round((Date.now() - called) / 1000),
      orlop: orlopVersion(ground),
      machine,
      load: { before, after: loadNow() },
      rounds: effort.rounds,
      cases,
      columns,
      reference,
      rows: [...rows, ...prepared.missing],
    };
  } finally {
    await prepared.close();
  }
}

function orlopVersion({ package: root }: Ground): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  try {
    const commit = execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return `${version} (${commit.trim()})`;
  } catch {
    return version;
  }
}

function progressOf(id: string): ((done: number, rounds: number) => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  return (done, rounds) => process.stderr.write(`\r${id}: ${done} of ${rounds} rounds${done === rounds ? '\n' : ''}`);
}
