import { expect } from 'chai';
import type { Running, StepTime } from '../../ts/api/types.ts';

/** Nanoseconds, which is what the clock gave. */
const ns = (us: number) => Math.round(us * 1000);

/** Steps that do not begin where another ended. */
export function unexplained(steps: readonly StepTime[]): string[] {
  const ends = new Set(steps.map(({ startUs, durationUs }) => ns(startUs + durationUs)));
  const near = (at: number) => [-1, 0, 1].some((off) => ends.has(at + off));
  return steps
    .slice(1)
    .filter(({ startUs }) => !near(ns(startUs)))
    .map(({ step }) => step);
}

/** Where the application was executed, by its step. */
function executed(steps: readonly StepTime[]): number {
  const exec = steps.find(({ step }) => step === 'exec');
  return exec === undefined ? Number.NaN : exec.startUs + exec.durationUs;
}

/** Starts, waits for a good end, and gives the steps of the start, which leave no moment out. */
export async function timed(start: () => Promise<Running>): Promise<readonly StepTime[]> {
  const running = await start();
  expect((await running.exited).exitCode).to.equal(0);
  const { timings } = running;
  expect(unexplained(timings.steps)).to.deep.equal([]);
  expect(timings.clonedUs).to.be.above(0);
  expect(timings.startedUs).to.be.above(timings.clonedUs).and.closeTo(executed(timings.steps), 0.01);
  return timings.steps;
}
