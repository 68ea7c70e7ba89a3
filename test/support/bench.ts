import type { Measured } from '../../bench/measure/measure.ts';
import type { Missing, Result, Results } from '../../bench/report/result.ts';

/** A measured row whose metrics have the given medians; their p99 is twice as much. */
export function measured(at: string, contestant: string, medians: Record<string, number>): Measured {
  const metrics = Object.fromEntries(
    Object.entries(medians).map(([name, median]) => [name, { n: 10, median, p99: median * 2, min: median / 2 }]),
  );
  return { case: at, contestant, label: `label of ${contestant}`, metrics, failures: 0 };
}

export function absent(at: string, contestant: string, why: string): Missing {
  return { case: at, contestant, label: `label of ${contestant}`, missing: why };
}

/** A result as a run writes it, with these rows. */
export function result(question: string, parts: Partial<Result> & Pick<Result, 'rows'>): Result {
  const cases = [...new Set(parts.rows.map((row) => row.case))].map((id) => ({ id, title: `case ${id}` }));
  return {
    version: 1,
    question,
    title: `Question ${question}?`,
    taken: '2024-02-29T12:00:00.000Z',
    seconds: 60,
    orlop: '1.2.3 (abcdef0)',
    machine: {
      kernel: '6.12.1',
      cpu: 'Some CPU',
      cpus: 2,
      memoryGiB: 24,
      node: 'v20.19.0',
      mounts: 30,
      disk: 'ext4',
      cgroups: 'v2',
      hugePages: 'madvise',
      nodeExtraCaCerts: 'unset',
      versions: { crun: 'crun version 1.21' },
    },
    load: { before: 0.1, after: 1.5 },
    rounds: 10,
    cases,
    columns: [
      { metric: 'first', title: 'call → first instruction', unit: 'ms' },
      { metric: 'exit', title: 'call → end seen', unit: 'ms' },
    ],
    reference: 'limit',
    ...parts,
  };
}

export function results(...list: Result[]): Results {
  return new Map(list.map((one) => [one.question, one]));
}
