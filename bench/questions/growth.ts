import { join } from 'node:path';
import type { Container } from '../contestants/contestant.ts';
import type { Ground } from '../ground/ground.ts';
import { Subject } from '../subject/subject.ts';
import { type CaseOf, openCases, type Question, startColumns } from './question.ts';

// On a tmpfs: what a disk does would hide what a mount costs.
const base: Container = { mounts: 'full', network: false, upper: 'memory', volumes: 1, layers: 1 };

const volumes = [1, 10, 100];
const layers = [1, 10, 60, 120];
const mounts = [30, 1000, 5000];

/** What a start costs more with more volumes, more layers, and more mounts on the host. */
export const growth: Question = {
  id: 'growth',
  title: 'What makes a start slower?',
  cases: [
    ...volumes.map((count) => ({ id: `volumes-${count}`, title: `${count} volume${count === 1 ? '' : 's'}` })),
    ...layers.map((count) => ({ id: `layers-${count}`, title: `an image of ${count} layer${count === 1 ? '' : 's'}` })),
    ...mounts.map((count) => ({ id: `mounts-${count}`, title: `a host with ${count} mounts` })),
  ],
  columns: startColumns,
  reference: 'limit',
  effort: { whole: { rounds: 50, warmUp: 5 }, quick: { rounds: 10, warmUp: 2 } },
  async prepare({ root: ground }) {
    const plain = await Subject.open(ground);
    return openCases(cases(), async ({ id }) => (id.startsWith('mounts-') ? onCrowdedHost(ground, id) : plain));
  },
};

function cases(): CaseOf[] {
  const contestants = ['limit', 'orlopStart', 'orlopRun', 'bwrap', 'crunPlain'] as const;
  return [
    ...volumes.map((count) => ({
      id: `volumes-${count}`,
      container: { ...base, volumes: count },
      contestants: [...contestants, 'orlopRunAuto'] as const,
    })),
    ...layers.map((count) => ({ id: `layers-${count}`, container: { ...base, layers: count }, contestants })),
    ...mounts.map((count) => ({ id: `mounts-${count}`, container: base, contestants })),
  ];
}

/** A subject whose mount namespace has so many mounts. */
function onCrowdedHost(ground: Ground, id: string): Promise<Subject> {
  const total = id.slice('mounts-'.length);
  return Subject.open(ground, { prefix: [ground.programs.manyMounts, total, join(ground.directory, 'crowd')] });
}
