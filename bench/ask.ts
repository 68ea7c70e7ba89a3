import type { Grounds } from './ground/ground.ts';
import { measure } from './measure/measure.ts';
import type { Question } from './questions/question.ts';
import type { Repetition } from './report/result.ts';

export interface AskOptions {
  readonly mode: 'whole' | 'quick';
  /** Of the order of the contestants. */
  readonly seed: number;
}

/** Asks a question once: measures all its contestants by turns. */
export async function ask(
  question: Question,
  grounds: Grounds,
  { mode, seed }: AskOptions,
): Promise<Omit<Repetition, 'load'>> {
  const called = Date.now();
  const effort = question.effort[mode];
  const prepared = await question.prepare(grounds, mode);
  try {
    const rows = await measure(prepared.entries, { ...effort, seed, progress: progressOf(question.id) });
    return {
      taken: new Date(called).toISOString(),
      seconds: Math.round((Date.now() - called) / 1000),
      rows: [...rows, ...prepared.missing],
    };
  } finally {
    await prepared.close();
  }
}

function progressOf(id: string): ((done: number, rounds: number) => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  return (done, rounds) => process.stderr.write(`\r${id}: ${done} of ${rounds} rounds${done === rounds ? '\n' : ''}`);
}
