import type { LaunchResult } from '../native/contract.ts';
import type { Plan } from './types.ts';
import { wordsFor } from './words.ts';

/** When a step of a start began, and how long it took. */
export interface Timing {
  /** Name of the operation, or `clone` and `execve` around them. */
  readonly step: string;
  readonly reason: string;
  /** Microseconds since the launch was called. */
  readonly startUs: number;
  readonly durationUs: number;
}

/**
 * The time of each step of a start. The application is running, or the start was refused, at the end of the last one.
 *
 * @param times of the launch, CLOCK_MONOTONIC nanoseconds
 */
export function timingsOf(plan: Plan, times: LaunchResult['times']): Timing[] {
  const since = (from: number, to: number): Pick<Timing, 'startUs' | 'durationUs'> => ({
    startUs: (from - times.called) / 1000,
    durationUs: Math.max(0, to - from) / 1000,
  });
  const timings: Timing[] = [];
  let last = times.called;
  const add = (step: string, reason: string, end: number): boolean => {
    // The last step reached has no end of its own: exec never returns, and a refused one is where it ended.
    timings.push({ step, reason, ...since(last, end || times.returned) });
    last = end;
    return end !== 0;
  };
  // A container that waited in a pool has its process and its namespaces.
  const [step, reason] = plan.namespaces.length > 0 ? ['clone', 'namespaces and process'] : ['hand over', 'plan'];
  const clone = () => add(step, reason, times.entered);
  const opener = plan.strategy === 'opener';
  add('queue', 'from the call to the launching thread', (opener ? times.ops[0] : times.cloned) || times.returned);
  if (!opener && !clone()) return timings;
  for (const [index, op] of [...plan.prepare, ...plan.enter].entries()) {
    if (opener && index === plan.prepare.length && !clone()) break;
    if (!add(op.op, op.reason, times.ops[index + 1] ?? 0)) break;
  }
  return timings;
}

export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: 'X' | 'M';
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, string>>;
}

/** A Chrome trace (chrome://tracing, Perfetto) of a start: one event for each step, with its reason. */
export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ns';
}

/** @param pid of the started process; 0 when the start was refused */
export function traceOf(plan: Plan, times: LaunchResult['times'], pid: number): Trace {
  const base = times.called / 1000;
  const ops = [...plan.prepare, ...plan.enter];
  const timings = timingsOf(plan, times);
  const first = timings.findIndex(({ step }) => step === 'clone' || step === 'hand over') + 1;
  const events = timings.map((timing, index): TraceEvent => {
    const op = index < first ? undefined : ops[index - first];
    return {
      name: timing.step,
      cat: phaseOf(plan, index - first),
      ph: 'X',
      ts: base + timing.startUs,
      dur: timing.durationUs,
      pid,
      tid: pid,
      args: { reason: timing.reason, ...(op === undefined ? {} : { does: wordsFor(plan, op) }) },
    };
  });
  const name: TraceEvent = {
    name: 'process_name',
    cat: '__metadata',
    ph: 'M',
    ts: 0,
    pid,
    tid: pid,
    args: { name: 'container init process' },
  };
  return { traceEvents: [name, ...events], displayTimeUnit: 'ns' };
}

function phaseOf(plan: Plan, index: number): 'launch' | 'prepare' | 'enter' {
  if (index < 0) return 'launch';
  return index < plan.prepare.length ? 'prepare' : 'enter';
}
