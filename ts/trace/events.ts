import { wordsFor } from '../plan/words.ts';
import type { PlanStep, TimedStart } from './steps.ts';
import { stepsOf } from './steps.ts';
import type { Trace, TraceEvent } from './types.ts';

export const producer = 'orlop';

/** Whose start it is. */
export interface Traced {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Of the process that starts. */
  readonly caller: number;
  /** Of the started one; 0 when there is none. */
  readonly pid: number;
}

/** The thread's own number is not known: this is none of a real one (proc(5), pid_max). */
const launcher = 1 << 22;

/**
 * The trace: the JavaScript thread with the start as a whole and its steps in it, the thread that clones (and makes the
 * mounts, where an opener does), and the container init process.
 */
export function traceOf(start: TimedStart, whose: Traced): Trace {
  const steps = stepsOf(start);
  const from = Math.min(...steps.map((step) => step.from));
  const to = Math.max(...steps.map((step) => step.to));
  const { caller } = whose;
  const events: TraceEvent[] = [
    named('process_name', caller, caller, `${producer} (caller)`),
    named('thread_name', caller, caller, 'JavaScript'),
    named('thread_name', caller, launcher, 'launcher'),
    named('process_name', whose.pid, whose.pid, `container init process of ${whose.name}`),
    named('thread_name', whose.pid, whose.pid, 'container init process'),
  ];
  const args = { container: whose.id, name: whose.name, image: whose.image };
  events.push(span(`start ${whose.name}`, 'start', { from, to }, { pid: caller, tid: caller }, args));
  for (const step of steps) {
    const words = step.op === undefined ? '' : wordsFor(start.plan, step.op);
    const own = { reason: step.reason, ...(words === '' ? {} : { does: words }) };
    events.push(span(step.name, step.phase, step, placeOf(step, whose), own));
  }
  return { traceEvents: events, displayTimeUnit: 'ns', otherData: { producer, format: '1', ...args } };
}

type Place = Pick<TraceEvent, 'pid' | 'tid'>;

function placeOf({ thread }: PlanStep, { caller, pid }: Traced): Place {
  if (thread === 'init') return { pid, tid: pid };
  return { pid: caller, tid: thread === 'launcher' ? launcher : caller };
}

function span(
  name: string,
  cat: string,
  { from, to }: Pick<PlanStep, 'from' | 'to'>,
  place: Place,
  args: TraceEvent['args'],
): TraceEvent {
  return { name, cat, ph: 'X', ts: from / 1000, dur: (to - from) / 1000, ...place, args };
}

function named(name: 'process_name' | 'thread_name', pid: number, tid: number, text: string): TraceEvent {
  return { name, cat: '__metadata', ph: 'M', ts: 0, pid, tid, args: { name: text } };
}
