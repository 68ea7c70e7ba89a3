import type { LaunchResult } from '../../ts/native/contract.ts';
import { buildPlan } from '../../ts/plan/build.ts';
import type { Plan } from '../../ts/plan/types.ts';
import { traceOf } from '../../ts/trace/events.ts';
import { Laps } from '../../ts/trace/laps.ts';
import { type ReadTrace, readTrace } from '../../ts/trace/read.ts';
import type { Trace } from '../../ts/trace/types.ts';
import { makeBind, makeFacts } from './facts.ts';

/** Times of a launch of the plan with 10 µs per operation, `called` at the end of the laps. */
export function timesFor(plan: Plan, called: number): LaunchResult['times'] {
  const count = plan.prepare.length + plan.enter.length;
  const ops = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) ops[index] = called + 20_000 + index * 10_000;
  return { called, cloned: called + 5000, entered: called + 20_000, ops, returned: called + 20_000 + count * 10_000 };
}

/** The trace of a start with volumes at these targets. */
export function sampleTrace(targets: readonly string[] = ['/test']): Trace {
  const plan = buildPlan(makeFacts({ mounts: targets.map((target) => makeBind(target)) }));
  const laps = new Laps('create');
  laps.lap('image', 'debian:trixie');
  laps.start();
  laps.lap('plan', 'the operations');
  const times = timesFor(plan, Number(process.hrtime.bigint()));
  laps.launched(times);
  return traceOf(
    { plan, times, laps },
    { id: 'ab'.repeat(32), name: 'web', image: 'debian:trixie', caller: 7, pid: 42 },
  );
}

export function readSample(targets?: readonly string[]): ReadTrace {
  return readTrace(JSON.stringify(sampleTrace(targets)), 'start.json');
}
