import type { Load } from '../../bench/measure/load.ts';
import type { Measured } from '../../bench/measure/measure.ts';
import type { Missing, Repetition, Result, Results, Row } from '../../bench/report/result.ts';

/** A measured row with metrics of the given medians; each p99 is twice the median. */
export function measured(at: string, contestant: string, medians: Record<string, number>): Measured {
  const metrics = Object.fromEntries(
    Object.entries(medians).map(([name, median]) => [name, { n: 10, median, p99: median * 2, min: median / 2 }]),
  );
  return { case: at, contestant, label: `label of ${contestant}`, metrics, failures: 0 };
}

export function absent(at: string, contestant: string, why: string): Missing {
  return { case: at, contestant, label: `label of ${contestant}`, missing: why };
}

/** One repetition with these rows, on an idle machine. */
export function repetition(rows: readonly Row[], load: Load = { before: 0.1, after: 0.2 }): Repetition {
  return { taken: '2024-02-29T12:00:00.000Z', seconds: 60, load, rows };
}

/** A result of a run with these repetitions. */
export function result(question: string, ...repetitions: readonly Repetition[]): Result {
  const rows = repetitions.flatMap((one) => one.rows);
  const cases = [...new Set(rows.map((row) => row.case))].map((id) => ({ id, title: `case ${id}` }));
  return {
    version: 2,
    question,
    title: `Question ${question}?`,
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
    rounds: 10,
    cases,
    columns: [
      { metric: 'first', title: 'call → first instruction', unit: 'ms' },
      { metric: 'exit', title: 'call → end seen', unit: 'ms' },
    ],
    reference: 'limit',
    repetitions,
  };
}

export function results(...list: Result[]): Results {
  return new Map(list.map((one) => [one.question, one]));
}
