import type { Trace, TraceEvent } from './types.ts';

/** A step of a program before its call. `end` is in microseconds of CLOCK_MONOTONIC. */
export interface ProgramStep {
  readonly name: string;
  readonly reason: string;
  readonly end: number;
}

/** Adds the program's own steps to a trace, from `began` on. The last step ends with the call. */
export function withProgram(trace: Trace, began: number, steps: readonly ProgramStep[]): Trace {
  const start = trace.traceEvents.find(({ cat }) => cat === 'start');
  if (start === undefined) return trace;
  const { pid, tid } = start;
  let last = began;
  const before = steps.map(({ name, reason, end }, index): TraceEvent => {
    const until = Math.min(index < steps.length - 1 ? end : start.ts, start.ts);
    const dur = Math.max(0, until - last);
    const event = { name, cat: 'program', ph: 'X', ts: last, dur, pid, tid, args: { reason } } as const;
    last += dur;
    return event;
  });
  const at = trace.traceEvents.indexOf(start);
  return { ...trace, traceEvents: [...trace.traceEvents.slice(0, at), ...before, ...trace.traceEvents.slice(at)] };
}
