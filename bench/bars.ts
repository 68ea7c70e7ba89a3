import { isMissing, medianOf, type Result, type Results, type Row } from './report/result.ts';

/** A number to reach, and how it is read from the results. */
export interface Bar {
  readonly id: string;
  readonly text: string;
  readonly limit: number;
  readonly unit: '×' | 'ms';
  /** Whether the measured value must be at most, or at least, the limit. */
  readonly must: 'at most' | 'at least';
  /** The value; null when it was not measured. */
  measure(results: Results): number | null;
}

export interface Judged {
  readonly bar: Bar;
  readonly value: number | null;
  /** null when it was not measured. */
  readonly holds: boolean | null;
}

interface At {
  readonly question: string;
  readonly case: string;
  readonly contestant: string;
  readonly metric: string;
}

function value(results: Results, { question, metric, ...at }: At): number | null {
  return medianOf(results.get(question), at, metric);
}

/** How many times as much as another contestant of the same case, in the same run. */
function ratio(at: At, to: string) {
  return (results: Results) => {
    const own = value(results, at);
    const other = value(results, { ...at, contestant: to });
    return own === null || other === null || other === 0 ? null : own / other;
  };
}

/** How much more than in another case of the same run. */
function growthFrom(at: At, from: string) {
  return difference(at, { ...at, case: from });
}

function difference(at: At, from: At) {
  return (results: Results) => {
    const own = value(results, at);
    const other = value(results, from);
    return own === null || other === null ? null : own - other;
  };
}

/** The lowest of several values, null when one of them is. */
function lowest(measures: readonly ((results: Results) => number | null)[]) {
  return (results: Results) =>
    measures.reduce<number | null>((least, measure) => {
      const one = measure(results);
      return least === null || one === null ? null : Math.min(least, one);
    }, Number.POSITIVE_INFINITY);
}

function p99(at: At) {
  return (results: Results) => {
    const row = rowOf(results.get(at.question), at);
    return row === undefined || isMissing(row) ? null : (row.metrics[at.metric]?.p99 ?? null);
  };
}

function rowOf(result: Result | undefined, at: At): Row | undefined {
  return result?.rows.find((row) => row.case === at.case && row.contestant === at.contestant);
}

const first = (question: string, name: string, contestant: string): At => {
  return { question, case: name, contestant, metric: 'first' };
};
const thread = (contestant: string, metric: 'longest' | 'busy'): At => {
  return { question: 'memory', case: '500', contestant, metric };
};
const rate = (parallel: number): At => {
  return { question: 'throughput', case: `${parallel}`, contestant: 'orlop-run', metric: 'rate' };
};
const time = (question: string, name: string, contestant: string): At => {
  return { question, case: name, contestant, metric: 'time' };
};
const parallels = [1, 2, 8, 32];
const grown = (contestant: string, from: string, to: string) => growthFrom(first('growth', to, contestant), from);

/** What orlop is to reach: ratios to the limit are of medians, in the same run. */
export const bars: readonly Bar[] = [
  {
    id: 'minimal',
    text: 'minimal mounts, read-write layer on a tmpfs: call → first instruction, by the launcher',
    limit: 1.3,
    unit: '×',
    must: 'at most',
    measure: ratio(first('start', 'minimal', 'orlop-launch'), 'limit'),
  },
  ...(['orlop-start', 'orlop-run'] as const).flatMap((contestant): Bar[] => {
    const by = contestant === 'orlop-run' ? 'run()' : 'start() of a container created ahead';
    return [
      {
        id: `full-${contestant}`,
        text: `the default container without network namespace, on the disk: call → first instruction, ${by}`,
        limit: 1.3,
        unit: '×',
        must: 'at most',
        measure: ratio(first('start', 'full', contestant), 'limit'),
      },
      {
        id: `network-${contestant}`,
        text: `the same with a network namespace, loopback up, ${by}`,
        limit: 1.3,
        unit: '×',
        must: 'at most',
        measure: ratio(first('start', 'network', contestant), 'limit'),
      },
      {
        id: `thread-${contestant}`,
        text: `JavaScript thread blocked by a start (longest stretch), caller of 500 MB, ${by}`,
        limit: 0.15,
        unit: 'ms',
        must: 'at most',
        measure: (results) => value(results, thread(contestant, 'longest')),
      },
      {
        id: `busy-${contestant}`,
        text: 'the same, all stretches together',
        limit: 0.15,
        unit: 'ms',
        must: 'at most',
        measure: (results) => value(results, thread(contestant, 'busy')),
      },
    ];
  }),
  {
    id: 'pool-median',
    text: 'pool: request → first instruction, volume bound on request, median',
    limit: 0.2,
    unit: 'ms',
    must: 'at most',
    measure: (results) => value(results, first('pool', 'pool', 'orlop-pool')),
  },
  {
    id: 'pool-p99',
    text: 'the same, p99',
    limit: 0.6,
    unit: 'ms',
    must: 'at most',
    measure: p99(first('pool', 'pool', 'orlop-pool')),
  },
  {
    id: 'throughput-limit',
    text: 'containers a second from one process, as a part of the limit (worst of 1, 2, 8, 32 at once)',
    limit: 0.75,
    unit: '×',
    must: 'at least',
    measure: lowest(parallels.map((count) => ratio(rate(count), 'limit-whole'))),
  },
  {
    id: 'throughput-bwrap',
    text: 'the same, as a multiple of bwrap spawned by child_process',
    limit: 2,
    unit: '×',
    must: 'at least',
    measure: lowest(parallels.map((count) => ratio(rate(count), 'bwrap'))),
  },
  {
    id: 'volumes',
    text: '100 volumes instead of 1',
    limit: 1.2,
    unit: 'ms',
    must: 'at most',
    measure: grown('orlop-start', 'volumes-1', 'volumes-100'),
  },
  {
    id: 'layers',
    text: '120 layers instead of 1',
    limit: 1,
    unit: 'ms',
    must: 'at most',
    measure: grown('orlop-start', 'layers-1', 'layers-120'),
  },
  {
    id: 'mounts',
    text: '5000 mounts on the host instead of 30',
    limit: 0.1,
    unit: 'ms',
    must: 'at most',
    measure: grown('orlop-start', 'mounts-30', 'mounts-5000'),
  },
  {
    id: 'cli',
    text: 'orlop run --rm -v … at the shell, beyond node -e 0',
    limit: 6,
    unit: 'ms',
    must: 'at most',
    measure: difference(time('cli', 'command', 'orlop-cli'), time('cli', 'command', 'node')),
  },
  {
    id: 'commit',
    text: 'commit of 1,000 changed and 500 deleted files, against tar of the upper directory | sha256sum',
    limit: 3,
    unit: '×',
    must: 'at most',
    measure: ratio(time('layers', 'commit', 'orlop'), 'floor'),
  },
  {
    id: 'diff',
    text: 'diff of the same, against a walk of the upper directory',
    limit: 3,
    unit: '×',
    must: 'at most',
    measure: ratio(time('layers', 'diff', 'orlop'), 'floor'),
  },
];

/** Holds every bar against the results. Pure. */
export function judge(results: Results): Judged[] {
  return bars.map((bar) => {
    const measured = bar.measure(results);
    if (measured === null) return { bar, value: null, holds: null };
    return { bar, value: measured, holds: bar.must === 'at most' ? measured <= bar.limit : measured >= bar.limit };
  });
}
