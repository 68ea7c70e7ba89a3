import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './ask.ts';
import type { Grounds } from './ground/ground.ts';
import { machineFacts } from './ground/machine.ts';
import { openGate, strictGate } from './measure/gate.ts';
import { takeUndisturbed } from './measure/undisturbed.ts';
import type { Question } from './questions/question.ts';
import type { Repetition, Result } from './report/result.ts';

const firstSeed = 20_240_229;

const say = (message: string) => console.error(`bench: ${message}`);

export interface RepeatOptions {
  readonly mode: 'whole' | 'quick';
  readonly repeat: number;
}

/**
 * Asks all the questions, then all of them again, as often as it is told: what drifts does so between repetitions.
 *
 * @throws NotQuiet when the results would be kept, and something else runs
 */
export async function repeat(
  questions: readonly Question[],
  grounds: Grounds,
  { mode, repeat: times }: RepeatOptions,
): Promise<Result[]> {
  const machine = machineFacts();
  const orlop = orlopVersion(grounds);
  const gate = mode === 'whole' ? strictGate : openGate;
  const repetitions: Repetition[][] = [];
  for (let repetition = 0; repetition < times; repetition++) {
    if (times > 1) say(`repetition ${repetition + 1} of ${times}`);
    const seed = firstSeed + repetition;
    const takes = questions.map((question) => ({
      name: question.id,
      take: () => ask(question, grounds, { mode, seed }),
    }));
    repetitions.push(await takeUndisturbed(gate, takes, say));
  }
  return questions.map(({ id, title, cases, columns, reference, effort }, index) => {
    const { rounds } = effort[mode];
    const about = { question: id, title, orlop, machine, rounds, cases, columns, reference };
    return { version: 2, ...about, repetitions: repetitions.flatMap((taken) => taken[index] ?? []) };
  });
}

function orlopVersion({ root: { package: root } }: Grounds): string {
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
