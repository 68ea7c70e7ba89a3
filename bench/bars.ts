import { userId } from './contestants/contestant.ts';
import type { Bar } from './report/judge.ts';
import { type At, difference, highest, lowest, medianAt, p99At, ratio } from './report/reading.ts';

const first = (name: string, contestant: string): At => ({ case: name, contestant, metric: 'first' });
const thread = (contestant: string, metric: 'longest' | 'busy'): At => ({ case: '500', contestant, metric });
const rate = (parallel: number): At => ({ case: `${parallel}`, contestant: 'orlop-run', metric: 'rate' });
const time = (name: string, contestant: string): At => ({ case: name, contestant, metric: 'time' });
const parallels = [1, 2, 8, 32];

/** As a multiple of another contestant of the same case. */
const times = (at: At, to: string) => ratio(medianAt(at), medianAt({ ...at, contestant: to }));
const grown = (contestant: string, from: string, to: string) =>
  difference(medianAt(first(to, contestant)), medianAt(first(from, contestant)));

const atOnce = (count: number) => (count === 1 ? 'one after the other' : `${count} at once`);

/** What a way to start a container is to reach: to the first instruction, and on the JavaScript thread. */
function startBars(contestant: string, by: string, limits: { first: number; busy: number }): Bar[] {
  return [
    {
      id: `full-${contestant}`,
      text: `the default container without network namespace, on the disk: call → first instruction, ${by}`,
      question: 'start',
      limit: limits.first,
      unit: '×',
      must: 'at most',
      reading: times(first('full', contestant), 'limit'),
    },
    {
      id: `network-${contestant}`,
      text: `the same with a network namespace, loopback up, ${by}`,
      question: 'start',
      limit: limits.first,
      unit: '×',
      must: 'at most',
      reading: times(first('network', contestant), 'limit'),
    },
    {
      id: `thread-${contestant}`,
      text: `JavaScript thread blocked by a start (longest stretch), caller of 500 MB, ${by}`,
      question: 'memory',
      limit: 0.15,
      unit: 'ms',
      must: 'at most',
      reading: medianAt(thread(contestant, 'longest')),
    },
    {
      id: `busy-${contestant}`,
      text: `the same, all stretches together, ${by}`,
      question: 'memory',
      limit: limits.busy,
      unit: 'ms',
      must: 'at most',
      reading: medianAt(thread(contestant, 'busy')),
    },
  ];
}

/** How many times as long as root's an ordinary user's takes. */
const timesRoot = (at: At) => times({ ...at, contestant: userId(at.contestant) }, at.contestant);
/** The same of a rate: how many times as many are root's. */
const rootTimes = (at: At) => times(at, userId(at.contestant));

function userStartBar(contestant: string, by: string): Bar {
  return {
    id: `user-${contestant}`,
    text: `an ordinary user's start beside root's: call → first instruction, ${by} (worst of both networks)`,
    question: 'start',
    limit: 1.15,
    unit: '×',
    must: 'at most',
    reading: highest(['full', 'network'].map((name) => timesRoot(first(name, contestant)))),
  };
}

/** What starts cost an ordinary user, beside root in the same repetition. */
const userBars: readonly Bar[] = [
  userStartBar('orlop-start', 'start() of a container created ahead'),
  userStartBar('orlop-run', 'run()'),
  {
    id: 'user-pool',
    text: "a request to an ordinary user's pool beside root's: request → first instruction",
    question: 'pool',
    limit: 1.2,
    unit: '×',
    must: 'at most',
    reading: timesRoot(first('pool', 'orlop-pool')),
  },
  {
    id: 'user-throughput',
    text: "containers a second of root beside an ordinary user's (worst of 1, 2, 8, 32 at once)",
    question: 'throughput',
    limit: 1.2,
    unit: '×',
    must: 'at most',
    reading: highest(parallels.map((count) => rootTimes(rate(count)))),
  },
  {
    id: 'user-cli',
    text: 'orlop run --rm -v … at the shell as an ordinary user, beyond the same as root',
    question: 'cli',
    limit: 8,
    unit: 'ms',
    must: 'at most',
    reading: difference(medianAt(time('command', userId('orlop-cli'))), medianAt(time('command', 'orlop-cli'))),
  },
  {
    id: 'user-launcher',
    text: "memory of an ordinary user's launcher process (worst after 1 and 32 at once)",
    question: 'launcher',
    limit: 2,
    unit: 'MB',
    must: 'at most',
    reading: highest(
      ['1', '32'].map((name) => medianAt({ case: name, contestant: 'orlop-launcher', metric: 'resident' })),
    ),
  },
];

/** What orlop is to reach. Each is read within one repetition; the median of the repetitions is judged. */
export const bars: readonly Bar[] = [
  {
    id: 'minimal',
    text: 'minimal mounts, read-write layer on a tmpfs: call → first instruction, by the launcher',
    question: 'start',
    limit: 1.3,
    unit: '×',
    must: 'at most',
    reading: times(first('minimal', 'orlop-launch'), 'limit'),
  },
  ...startBars('orlop-start', 'start() of a container created ahead', { first: 1.3, busy: 0.15 }),
  ...startBars('orlop-run', 'run()', { first: 1.05, busy: 0.5 }),
  ...[1, 8].map(
    (count): Bar => ({
      id: `loop-${count}`,
      text: `event loop not idle for each run(), ${atOnce(count)}`,
      question: 'throughput',
      limit: 0.5,
      unit: 'ms',
      must: 'at most',
      reading: medianAt({ ...rate(count), metric: 'loop' }),
    }),
  ),
  {
    id: 'pool-median',
    text: 'pool: request → first instruction, volume bound on request, median',
    question: 'pool',
    limit: 0.2,
    unit: 'ms',
    must: 'at most',
    reading: medianAt(first('pool', 'orlop-pool')),
  },
  {
    id: 'pool-p99',
    text: 'the same, p99',
    question: 'pool',
    limit: 0.6,
    unit: 'ms',
    must: 'at most',
    reading: p99At(first('pool', 'orlop-pool')),
  },
  ...parallels.map(
    (count): Bar => ({
      id: `throughput-${count}`,
      text: `containers a second from one process, as a part of the limit, ${atOnce(count)}`,
      question: 'throughput',
      limit: 0.85,
      unit: '×',
      must: 'at least',
      reading: times(rate(count), 'limit-whole'),
    }),
  ),
  {
    id: 'throughput-bwrap',
    text: 'the same, as a multiple of bwrap spawned by child_process (worst of 1, 2, 8, 32 at once)',
    question: 'throughput',
    limit: 2,
    unit: '×',
    must: 'at least',
    reading: lowest(parallels.map((count) => times(rate(count), 'bwrap'))),
  },
  {
    id: 'volumes',
    text: '100 volumes instead of 1',
    question: 'growth',
    limit: 1.2,
    unit: 'ms',
    must: 'at most',
    reading: grown('orlop-start', 'volumes-1', 'volumes-100'),
  },
  {
    id: 'layers',
    text: '120 layers instead of 1',
    question: 'growth',
    limit: 1,
    unit: 'ms',
    must: 'at most',
    reading: grown('orlop-start', 'layers-1', 'layers-120'),
  },
  {
    id: 'mounts',
    text: '5000 mounts on the host instead of 30',
    question: 'growth',
    limit: 0.1,
    unit: 'ms',
    must: 'at most',
    reading: grown('orlop-start', 'mounts-30', 'mounts-5000'),
  },
  {
    id: 'cli',
    text: 'orlop run --rm -v … at the shell, beyond node -e 0',
    question: 'cli',
    limit: 6,
    unit: 'ms',
    must: 'at most',
    reading: difference(medianAt(time('command', 'orlop-cli')), medianAt(time('command', 'node'))),
  },
  {
    id: 'commit',
    text: 'commit of 1,000 changed and 500 deleted files, against tar of the upper directory | sha256sum',
    question: 'layers',
    limit: 3,
    unit: '×',
    must: 'at most',
    reading: times(time('commit', 'orlop'), 'floor'),
  },
  {
    id: 'diff',
    text: 'diff of the same, against a walk of the upper directory',
    question: 'layers',
    limit: 3,
    unit: '×',
    must: 'at most',
    reading: times(time('diff', 'orlop'), 'floor'),
  },
  {
    id: 'auto',
    text: "run() with userns: 'auto' beside run(): call → first instruction (worst of both networks)",
    question: 'start',
    limit: 1.2,
    unit: '×',
    must: 'at most',
    reading: highest(['full', 'network'].map((name) => times(first(name, 'orlop-run-auto'), 'orlop-run'))),
  },
  {
    id: 'limits',
    text: 'run() with limits beside run() without: call → first instruction (worst of both networks; 0.3 on cgroup v2)',
    question: 'start',
    limit: 1,
    unit: 'ms',
    must: 'at most',
    reading: highest(
      ['full', 'network'].map((name) =>
        difference(medianAt(first(name, 'orlop-run-limits')), medianAt(first(name, 'orlop-run-unlimited'))),
      ),
    ),
  },
  ...userBars,
];
