import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '../contestants/contestant.ts';
import { childrenOf, memoryIn, readOf } from '../measure/processes.ts';
import type { Sample } from '../measure/watch.ts';
import { type RemoteStarter, Subject } from '../subject/subject.ts';
import type { Prepared, Question } from './question.ts';

const container: Container = { mounts: 'full', network: false, upper: 'disk', volumes: 1, layers: 1 };
const about = { contestant: 'orlop-launcher', label: 'orlop-launcher', share: 1, mayFail: false };
const windowMs = 300;
/** After a second without a call, its threads give back what they do not use. */
const settleMs = 1500;

const cases: readonly { readonly id: string; readonly title: string; readonly parallel: number }[] = [
  { id: '1', title: 'a while after starts one after the other', parallel: 1 },
  { id: '32', title: 'a while after starts of 32 at once', parallel: 32 },
];

/** What the process holds that makes the privileged calls of an ordinary user. */
export const launcher: Question = {
  id: 'launcher',
  title: "How much memory does a user's launcher process hold?",
  cases: cases.map(({ id, title }) => ({ id, title })),
  columns: [
    { metric: 'resident', title: 'resident', unit: 'MB' },
    { metric: 'anonymous', title: 'of it heap and stacks', unit: 'MB' },
  ],
  reference: null,
  effort: { whole: { rounds: 10, warmUp: 2 }, quick: { rounds: 3, warmUp: 1 } },
  async prepare({ user }): Promise<Prepared> {
    const subjects: Subject[] = [];
    const close = async () => {
      for (const subject of subjects) await subject.close();
    };
    const entries = [];
    for (const { id, parallel } of cases) {
      // Each with a launcher of its own: what many starts need stays with it.
      const subject = await Subject.open(user);
      subjects.push(subject);
      const starter = await subject.starter('orlopRun', container);
      if ('missing' in starter) throw new Error(starter.missing);
      entries.push({ ...about, case: id, sample: () => sample(subject, starter, parallel) });
    }
    return { entries, missing: [], close };
  },
};

async function sample(subject: Subject, starter: RemoteStarter, parallel: number): Promise<Sample> {
  await starter.throughput(parallel, windowMs);
  await delay(settleMs);
  const found = childrenOf(subject.pid).find((pid) => readOf(pid, 'comm').trim() === 'orlop-launcher');
  if (found === undefined) throw new Error('the measured process has no orlop-launcher');
  return { ...memoryIn(readOf(found, 'smaps_rollup')) };
}
