import { join } from 'node:path';
import type { Container } from '../contestants/contestant.ts';
import type { Ground } from '../ground/ground.ts';
import { Subject } from '../subject/subject.ts';
import { openCases, type Question, type Take } from './question.ts';
import { spentOnEach, workColumns } from './work.ts';

const container: Container = { mounts: 'full', network: false, upper: 'disk', volumes: 1, layers: 1 };
const count = 256;
const moreMounts = 264;

/** How long many containers take that are all asked for at once, where the host has many mounts. */
export const burst: Question = {
  id: 'burst',
  title: `How long do ${count} containers take that are asked for at once?`,
  cases: [{ id: 'burst', title: `on a host with ${moreMounts} more mounts, until the last has ended and is removed` }],
  columns: [
    { metric: 'time', title: 'until all are over', unit: 'ms' },
    { metric: 'rate', title: 'containers', unit: '/s' },
    ...workColumns,
  ],
  reference: 'limit-whole',
  effort: { whole: { rounds: 6, warmUp: 1 }, quick: { rounds: 2, warmUp: 0 } },
  async prepare({ root: ground }) {
    const subject = await onCrowdedHost(ground);
    const contestants = ['limitWhole', 'orlopRun', 'bwrap'] as const;
    return openCases(
      [{ id: 'burst', container, contestants }],
      async () => subject,
      () => take,
    );
  },
};

function onCrowdedHost(ground: Ground): Promise<Subject> {
  const crowd = join(ground.directory, 'crowd');
  return Subject.open(ground, { prefix: [ground.programs.manyMounts, `+${moreMounts}`, crowd] });
}

const take: Take = async (starter) => {
  const work = await starter.burst(count);
  return { time: work.ms, rate: work.count / (work.ms / 1000), ...spentOnEach(work) };
};
