import type { Trace, TraceEvent } from './types.ts';

/** What a program did before it called: a name, what for, and when that ended in microseconds of CLOCK_MONOTONIC. */
export interface ProgramStep {
  readonly name: string;
  readonly reason: string;
  readonly end: number;
}

/** The trace with what its program did first, from `began` on; the last step ends with the call. */
export function withProgram(trace: Trace, began: number, steps: readonly ProgramStep[]): Trace {
  const whole = trace.traceEvents.find(({ cat }) => cat === 'start');
  if (whole === undefined) return trace;
  const { pid, tid } = whole;
  let last = began;
  const before = steps.map(({ name, reason, end }, index): TraceEvent => {
    const until = Math.min(index < steps.length - 1 ? end : whole.ts, whole.ts);
    const dur = Math.max(0, until - last);
    const event = { name, cat: 'program', ph: 'X', ts: last, dur, pid, tid, args: { reason } } as const;
    last += dur;
    return event;
  });
  const at = trace.traceEvents.indexOf(whole);
  return { ...trace, traceEvents: [...trace.traceEvents.slice(0, at), ...before, ...trace.traceEvents.slice(at)] };
}
