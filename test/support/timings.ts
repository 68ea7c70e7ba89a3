import { expect } from 'chai';
import type { Running, StepTime } from '../../ts/api/types.ts';

/** Nanoseconds, the unit of the clock. */
const ns = (us: number) => Math.round(us * 1000);

/** Steps that do not begin at the end of another step. */
export function unexplained(steps: readonly StepTime[]): string[] {
  const ends = new Set(steps.map(({ startUs, durationUs }) => ns(startUs + durationUs)));
  const near = (at: number) => [-1, 0, 1].some((off) => ends.has(at + off));
  return steps
    .slice(1)
    .filter(({ startUs }) => !near(ns(startUs)))
    .map(({ step }) => step);
}

/** Time of the application's execution, the end of its step. */
function executed(steps: readonly StepTime[]): number {
  const exec = steps.find(({ step }) => step === 'exec');
  return exec === undefined ? Number.NaN : exec.startUs + exec.durationUs;
}

/** Starts, waits for exit status 0, and returns the steps of the start, checked to be without gaps. */
export async function timed(start: () => Promise<Running>): Promise<readonly StepTime[]> {
  const running = await start();
  expect((await running.exited).exitCode).to.equal(0);
  const { timings } = running;
  expect(unexplained(timings.steps)).to.deep.equal([]);
  expect(timings.clonedUs).to.be.above(0);
  expect(timings.startedUs).to.be.above(timings.clonedUs).and.closeTo(executed(timings.steps), 0.01);
  return timings.steps;
}
