import { wordsFor } from '../plan/words.ts';
import type { PlanStep, TimedStart } from './steps.ts';
import { stepsOf } from './steps.ts';
import type { Trace, TraceEvent } from './types.ts';

export const producer = 'orlop';

/** The container that a start belongs to. */
export interface TraceSubject {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Process ID of the caller. */
  readonly caller: number;
  /** Process ID of the application; 0 if there is none. */
  readonly pid: number;
}

/** Stands for the launcher thread, whose ID is unknown: above all real IDs (proc(5), pid_max). */
const launcher = 1 << 22;

/**
 * The trace of a start: the JavaScript thread with the whole start and its steps, the launcher thread (which clones,
 * and makes the mounts for an opener), and the container init process.
 */
export function traceOf(start: TimedStart, subject: TraceSubject): Trace {
  const steps = stepsOf(start);
  const from = Math.min(...steps.map((step) => step.from));
  const to = Math.max(...steps.map((step) => step.to));
  const { caller } = subject;
  const events: TraceEvent[] = [
    named('process_name', caller, caller, `${producer} (caller)`),
    named('thread_name', caller, caller, 'JavaScript'),
    named('thread_name', caller, launcher, 'launcher'),
    named('process_name', subject.pid, subject.pid, `container init process of ${subject.name}`),
    named('thread_name', subject.pid, subject.pid, 'container init process'),
  ];
  const args = { container: subject.id, name: subject.name, image: subject.image };
  events.push(span(`start ${subject.name}`, 'start', { from, to }, { pid: caller, tid: caller }, args));
  for (const step of steps) {
    const words = step.op === undefined ? '' : wordsFor(start.plan, step.op);
    const args = { reason: step.reason, ...(words === '' ? {} : { does: words }) };
    events.push(span(step.name, step.phase, step, placeOf(step, subject), args));
  }
  return { traceEvents: events, displayTimeUnit: 'ns', otherData: { producer, format: '1', ...args } };
}

type Place = Pick<TraceEvent, 'pid' | 'tid'>;

function placeOf({ thread }: PlanStep, { caller, pid }: TraceSubject): Place {
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
