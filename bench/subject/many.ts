import { performance } from 'node:perf_hooks';
import type { Work } from '../contestants/contestant.ts';
import { processorTime } from '../measure/processor.ts';
import { now } from '../measure/watch.ts';

/** Starts containers, so many at once, as long as `more` says so, and waits for the last. */
export async function startMany(start: () => Promise<unknown>, parallel: number, more: () => boolean): Promise<Work> {
  const [loop, processor, called] = [performance.eventLoopUtilization(), processorTime(), now()];
  let count = 0;
  const worker = async () => {
    while (more()) {
      await start();
      count++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return {
    count,
    ms: now() - called,
    processor: processorTime() - processor,
    loop: performance.eventLoopUtilization(loop).active,
  };
}

/** Says yes for so long. */
export function forMs(ms: number): () => boolean {
  const called = now();
  return () => now() - called < ms;
}

/** Says yes so often. */
export function forTimes(count: number): () => boolean {
  let left = count;
  return () => left-- > 0;
}
