import type { Container } from '../contestants/contestant.ts';
import { Subject } from '../subject/subject.ts';
import { type CaseOf, openCases, type Question, startColumns } from './question.ts';

const sizes = [50, 150, 500];

/** What a start costs a caller that holds much memory, and for how long its JavaScript thread does nothing else. */
export const memory: Question = {
  id: 'memory',
  title: 'What does a start cost a large program?',
  cases: sizes.map((size) => ({ id: `${size}`, title: `a caller that holds at least ${size} MB (resident)` })),
  columns: startColumns,
  reference: 'limit',
  effort: { whole: { rounds: 80, warmUp: 5 }, quick: { rounds: 20, warmUp: 3 } },
  prepare: ({ root: ground }) =>
    openCases(sizes.map(caseOf), (one) => Subject.open(ground, { megabytes: one.container.ballast ?? 0 })),
};

function caseOf(size: number): CaseOf {
  const container: Container = {
    mounts: 'full',
    network: false,
    upper: 'disk',
    volumes: 1,
    layers: 1,
    ballast: size,
  };
  return { id: `${size}`, container, contestants: ['limit', 'orlopStart', 'orlopRun', 'spawnFirst', 'bwrap'] };
}
