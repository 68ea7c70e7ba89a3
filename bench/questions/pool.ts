import type { Container } from '../contestants/contestant.ts';
import { type CaseOf, ofCallers, openCases, type Question, startColumns } from './question.ts';

const container: Container = { mounts: 'full', network: true, upper: 'memory', volumes: 1, layers: 1 };

const cases: readonly CaseOf[] = [
  { id: 'pool', container, contestants: ['limitWaiting', 'orlopPool', 'orlopRun'] },
  { id: 'pool', caller: 'user', container, contestants: ['orlopPool', 'orlopRun'] },
];

/** How long it takes until a container that waits, ready, runs an application; its volume is bound on request. */
export const pool: Question = {
  id: 'pool',
  title: 'How long does a start from a pool take?',
  cases: [{ id: 'pool', title: 'a default container with a network namespace; the volume is bound on request' }],
  columns: startColumns,
  reference: 'limit',
  effort: { whole: { rounds: 300, warmUp: 20 }, quick: { rounds: 50, warmUp: 5 } },
  prepare: (grounds) => openCases(cases, ofCallers(grounds)),
};
