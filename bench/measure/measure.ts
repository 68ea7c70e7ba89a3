import { randomFrom, schedule } from './schedule.ts';
import { type Summary, summarize } from './statistics.ts';
import type { Sample } from './watch.ts';

/** One thing to measure again and again. */
export interface Entry {
  /** What is asked of it: `full`, `volumes-100`. */
  readonly case: string;
  readonly contestant: string;
  readonly label: string;
  /** Part of the rounds that it takes part in. */
  readonly share: number;
  /** Whether the benchmark goes on when it fails: others' programs may, ours may not. */
  readonly mayFail: boolean;
  sample(): Promise<Sample>;
}

export interface Measured {
  readonly case: string;
  readonly contestant: string;
  readonly label: string;
  readonly metrics: Readonly<Record<string, Summary>>;
  /** Runs that failed, and are in no number. */
  readonly failures: number;
}

export interface MeasureOptions {
  readonly rounds: number;
  /** Rounds before them whose samples are thrown away: caches fill, code is compiled. */
  readonly warmUp: number;
  /** Seed of the order. */
  readonly seed: number;
  readonly progress?: ((done: number, rounds: number) => void) | undefined;
}

/** Measures all entries in one run, round after round, each round in an order of its own. */
export async function measure(entries: readonly Entry[], options: MeasureOptions): Promise<Measured[]> {
  const { rounds, warmUp, seed, progress } = options;
  const samples = entries.map((): Sample[] => []);
  const failures = entries.map(() => 0);
  const random = randomFrom(seed);
  // Everybody warms up, the slow ones less often.
  const warmUps = schedule(
    entries.map(({ share }) => share),
    warmUp,
    random,
  );
  const measured = schedule(
    entries.map(({ share }) => share),
    rounds,
    random,
  );
  for (const [round, order] of [...warmUps, ...measured].entries()) {
    for (const index of order) {
      const entry = entries[index];
      if (entry === undefined) continue;
      const sample = await sampleOf(entry);
      if (round < warmUp) continue;
      if (sample === null) failures[index] = (failures[index] ?? 0) + 1;
      else samples[index]?.push(sample);
    }
    progress?.(round + 1, warmUp + rounds);
  }
  return entries.map((entry, index) => ({
    case: entry.case,
    contestant: entry.contestant,
    label: entry.label,
    metrics: metricsOf(samples[index] ?? []),
    failures: failures[index] ?? 0,
  }));
}

async function sampleOf(entry: Entry): Promise<Sample | null> {
  try {
    return await entry.sample();
  } catch (error) {
    if (entry.mayFail) return null;
    throw new Error(`${entry.label} failed at '${entry.case}'`, { cause: error });
  }
}

/** Summaries by metric; one that only some samples have counts where it is. */
export function metricsOf(samples: readonly Sample[]): Record<string, Summary> {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = samples.flatMap((sample) => sample[name] ?? []);
      return [name, summarize(values)];
    }),
  );
}
