import { stepsOf, type TimedStart } from './steps.ts';
import type { Timings } from './types.ts';

/** @param start a start with the time of its call in `laps.zero` */
export function timingsOf(start: TimedStart): Timings {
  const since = (time: number) => (time - start.laps.zero) / 1000;
  return {
    clonedUs: since(start.times.cloned),
    startedUs: since(start.times.returned),
    steps: stepsOf(start).map(({ phase, name, reason, from, to }) => ({
      phase,
      step: name,
      reason,
      startUs: since(from),
      durationUs: (to - from) / 1000,
    })),
  };
}
