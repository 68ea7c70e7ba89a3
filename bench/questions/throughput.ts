import type { Container } from '../contestants/contestant.ts';
import { type CaseOf, ofCallers, openCases, type Question, type Take } from './question.ts';
import { spentOnEach, workColumns } from './work.ts';

const container: Container = { mounts: 'full', network: false, upper: 'disk', volumes: 1, layers: 1 };
const parallel = [1, 2, 8, 32];
const windowMs = { whole: 1000, quick: 300 };

/** How many containers one process starts, ends and removes in a second. */
export const throughput: Question = {
  id: 'throughput',
  title: 'How many containers does one process start, end and remove in a second?',
  cases: parallel.map((count) => ({ id: `${count}`, title: count === 1 ? 'one after the other' : `${count} at once` })),
  columns: [{ metric: 'rate', title: 'containers', unit: '/s' }, ...workColumns],
  reference: 'limit-whole',
  effort: { whole: { rounds: 3, warmUp: 1 }, quick: { rounds: 2, warmUp: 0 } },
  prepare: (grounds, mode) =>
    openCases(parallel.flatMap(casesOf), ofCallers(grounds), ({ id }) => rate(Number(id), windowMs[mode])),
};

function casesOf(count: number): CaseOf[] {
  const about = { id: `${count}`, container };
  return [
    { ...about, contestants: ['limitWhole', 'orlopRun', 'bwrap', 'crunPlain', 'crun', 'runc', 'podman', 'docker'] },
    { ...about, caller: 'user', contestants: ['orlopRun', 'bwrap', 'crunPlain', 'podman'] },
  ];
}

function rate(parallelStarts: number, ms: number): Take {
  return async (starter) => {
    const work = await starter.throughput(parallelStarts, ms);
    return { rate: work.count / (work.ms / 1000), ...spentOnEach(work) };
  };
}
