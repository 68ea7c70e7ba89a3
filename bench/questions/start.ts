import type { Container } from '../contestants/contestant.ts';
import { type CaseOf, ofCallers, openCases, type Question, startColumns } from './question.ts';

const full: Container = { mounts: 'full', network: false, upper: 'disk', volumes: 1, layers: 1 };

const ofUser = ['orlopStart', 'orlopRun', 'orlopCli', 'bwrap', 'crunPlain', 'podman'] as const;

const cases: readonly CaseOf[] = [
  {
    id: 'minimal',
    container: { mounts: 'minimal', network: false, upper: 'memory', volumes: 1, layers: 1 },
    contestants: ['limit', 'orlopLaunch', 'orlopPool', 'spawnFirst', 'bwrap'],
  },
  {
    id: 'full',
    container: full,
    contestants: [
      ...(['limit', 'limitWhole', 'orlopStart', 'orlopRun', 'orlopRunAuto', 'orlopRunLimits'] as const),
      ...(['orlopRunUnlimited', 'orlopCli'] as const),
      ...(['spawnFirst', 'spawnTrue'] as const),
      ...(['bwrap', 'crunPlain', 'crun', 'runc', 'podman', 'docker'] as const),
    ],
  },
  {
    id: 'network',
    container: { ...full, network: true },
    contestants: [
      ...(['limit', 'limitWhole', 'orlopStart', 'orlopRun', 'orlopRunAuto', 'orlopRunLimits'] as const),
      ...(['orlopRunUnlimited', 'orlopCli'] as const),
      ...(['bwrap', 'crunPlain', 'crun', 'runc', 'podman', 'docker'] as const),
    ],
  },
  { id: 'full', caller: 'user', container: full, contestants: ofUser },
  { id: 'network', caller: 'user', container: { ...full, network: true }, contestants: ofUser },
];

/** How long a start takes: from the JavaScript call to the application's first instruction, and until its end is seen. */
export const start: Question = {
  id: 'start',
  title: 'How long does a start take?',
  cases: [
    { id: 'minimal', title: 'minimal mounts (root, volume, /proc, /dev), read-write layer on a tmpfs' },
    { id: 'full', title: "all that a default container has, in the host's network, read-write layer on the disk" },
    { id: 'network', title: 'the same in a network namespace of its own' },
  ],
  columns: startColumns,
  reference: 'limit',
  effort: { whole: { rounds: 150, warmUp: 10 }, quick: { rounds: 50, warmUp: 5 } },
  prepare: (grounds) => openCases(cases, ofCallers(grounds)),
};
