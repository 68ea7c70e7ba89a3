import { RequestError } from '../errors/index.ts';
import { producer } from './events.ts';
import type { Phase } from './types.ts';

/** A step in a trace file. */
export interface ReadStep {
  readonly phase: Phase;
  readonly name: string;
  readonly reason: string;
  /** Description of the operation; empty if its name suffices. */
  readonly does: string;
  /** Microseconds since the call; negative before it. */
  readonly at: number;
  readonly took: number;
}

/** A start in a trace file. */
export interface ReadTrace {
  readonly name: string;
  readonly image: string;
  /** Steps in the order in which they began; at least one. */
  readonly steps: readonly ReadStep[];
  /** Microseconds from the call to the application's first instruction; null if it was not reached. */
  readonly started: number | null;
}

const phases: readonly Phase[] = ['program', 'create', 'call', 'launch', 'prepare', 'enter', 'after'];

/** Maximum number of steps: a plan has at most 4096 operations. */
const maxSteps = 5000;

/**
 * Microseconds between creation and start of a container from which the creation does not count as part of the start.
 */
const longPauseUs = 1_000_000;

/**
 * Parses the output of `--trace`. Its texts come from requests and images: escape them before showing them.
 *
 * @param source name of the file, for messages
 * @throws RequestError ORLOP_E_TRACE
 */
export function readTrace(text: string, source: string): ReadTrace {
  const { events, facts } = parse(text, source);
  const steps = events
    .filter((event) => isObject(event) && event.ph === 'X' && isPhase(event.cat))
    .map((event) => stepOf(event as JsonObject, source))
    .sort((a, b) => a.at - b.at);
  const first = steps[0];
  if (first === undefined) throw damaged(source, 'it has no steps');
  if (steps.length > maxSteps) throw damaged(source, `it has ${steps.length} steps`);
  const zero = zeroOf(steps, first);
  const relative = steps.map((step) => ({ ...step, at: step.at - zero }));
  const exec = relative.find((step) => step.phase === 'enter' && step.name === 'exec');
  return {
    name: string(facts.name),
    image: string(facts.image),
    steps: relative,
    started: exec === undefined ? null : exec.at + exec.took,
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parse(text: string, source: string): { events: readonly unknown[]; facts: JsonObject } {
  if (text.trim() === '') throw notOurs(source, 'it is empty, as after a start that was refused');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notOurs(source, 'it is not JSON, or cut off');
  }
  const events = isObject(value) ? value.traceEvents : value;
  if (!Array.isArray(events)) throw notOurs(source, 'it is JSON, but has no traceEvents');
  const facts = isObject(value) ? value.otherData : undefined;
  if (!isObject(facts) || facts.producer !== producer) throw notOurs(source, 'another program wrote it');
  if (facts.format !== '1') {
    throw new RequestError('ORLOP_E_TRACE', `'${source}' is a trace of another version of orlop`, {
      hint: 'read it with the version that wrote it, or with Perfetto',
    });
  }
  return { events, facts };
}

function stepOf(event: JsonObject, source: string): ReadStep {
  const { name, cat, ts, dur, args } = event;
  if (!isPhase(cat) || typeof name !== 'string') throw damaged(source, 'a step has no name');
  if (!isTime(ts) || !isTime(dur)) throw damaged(source, `the step '${name}' has no time`);
  const { reason, does } = isObject(args) ? args : {};
  return { phase: cat, name, reason: string(reason), does: string(does), at: ts, took: dur };
}

/** Time of the call. The creation of the container belongs to it, unless the caller paused in between. */
function zeroOf(steps: readonly ReadStep[], first: ReadStep): number {
  const pause = steps.find(({ phase, name }) => phase === 'create' && name === 'pause');
  if (pause !== undefined && pause.took > longPauseUs) return pause.at + pause.took;
  return (steps.find(({ phase }) => phase !== 'program') ?? first).at;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPhase(value: unknown): value is Phase {
  return phases.some((phase) => phase === value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function notOurs(source: string, why: string): RequestError {
  return new RequestError('ORLOP_E_TRACE', `'${source}' is no trace of a start: ${why}`, {
    hint: `'orlop run --trace FILE …' writes one`,
  });
}

function damaged(source: string, why: string): RequestError {
  return new RequestError('ORLOP_E_TRACE', `the trace '${source}' is damaged: ${why}`, {
    hint: `'orlop run --trace FILE …' writes a new one`,
  });
}
