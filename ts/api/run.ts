import { constants } from 'node:buffer';
import type { StartRequest } from '../containers/launch-container.ts';
import { type Run, runContainer } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { RequestError } from '../errors/index.ts';
import { sigkill } from '../linux/signals.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import type { ExitReport } from '../supervise/settle-exit.ts';
import { hitLimits, usageOf } from '../supervise/usage.ts';
import { Laps } from '../trace/laps.ts';
import { Deadline } from './deadline.ts';
import { aborted, explainEnd, isAborted, overflown } from './ended.ts';
import { feed, type Source, takeInput } from './input.ts';
import { failed, succeeded } from './outcome.ts';
import { startTimings } from './running.ts';
import type * as t from './types.ts';

/** Options of a run whose outputs are texts or bytes. The overloads of `run` tell the caller which. */
export type AnyRunInput = t.RunInput<boolean> | t.BufferRunInput<boolean>;
/** What their overloads make of it. */
export type AnyRunResult = t.RunResult<never> & t.RunOutcome<never>;

/** A run that is not started yet. */
export interface Runnable extends Pick<RunRequest, 'rm' | 'limits'> {
  readonly runtime: Runtime;
  readonly start: (how: Omit<StartRequest, 'laps'>) => Promise<Run>;
}

/**
 * Makes a container, runs it until its exit, and collects its output.
 *
 * @param runtime throws where the runtime was closed
 * @param parse parses the options without those of `RunInput`
 */
export async function runInNew(
  runtime: () => Runtime,
  image: string,
  options: RunOptions & AnyRunInput,
  parse: (options: RunOptions) => RunRequest,
): Promise<AnyRunResult> {
  const { input, maxBuffer, signal, timeout, encoding, reject, ...runOptions } = options;
  const prepare = (): Runnable => {
    const opened = runtime();
    const laps = new Laps('create');
    const request = parse({ ...runOptions, rm: runOptions.rm ?? true });
    laps.lap('request', 'parsed');
    const { rm, limits } = request;
    return { runtime: opened, rm, limits, start: (how) => runContainer(opened, request, { ...how, laps }) };
  };
  return runToEnd(image, options, prepare);
}

/**
 * Gives the result of a run; with `reject: false` also what is known of one that failed.
 *
 * @throws what is no failure of the run: a TypeError, say
 */
export async function runToEnd(image: string, options: AnyRunInput, prepare: () => Runnable): Promise<AnyRunResult> {
  const { signal, timeout, encoding, reject } = options;
  let deadline: Deadline | undefined;
  try {
    using source = takeInput(options.input);
    using limited = new Deadline(signal, timeout);
    deadline = limited;
    const result = await collectRun(prepare, options, source, limited);
    return (reject === false ? succeeded(result) : result) as AnyRunResult;
  } catch (error) {
    const wasEnded = isAborted(error);
    const reason = wasEnded && deadline ? explainEnd(error, deadline, { image, timeout }) : error;
    if (reject !== false) throw reason;
    return failed(reason, encoding, wasEnded) as AnyRunResult;
  }
}

/** Starts an application whose output is collected, feeds it, and waits for its exit. */
async function collectRun(
  prepare: () => Runnable,
  options: AnyRunInput,
  source: Source | null,
  deadline: Deadline,
): Promise<t.RunResult<never>> {
  const { signal } = deadline;
  const maxBytes = outputLimit(options);
  requireReject(options.reject);
  if (signal.aborted) throw aborted(signal);
  const { runtime, rm, limits, start } = prepare();
  const { native, containers } = runtime;
  const { output = Infinity } = limits;
  const stdio = { stdin: source === null ? 'ignore' : 'pipe', stdout: 'pipe', stderr: 'pipe' } as const;
  const run = await start({ stdio, collect: Math.min(maxBytes, output), signal });
  if (source !== null) feed(run, source).catch(deadline.fail);
  const kill = () => native.kill(run.process, sigkill);
  const exit = await exitUnlessAborted(run.exitReport, signal, kill).catch(async (error: unknown) => {
    // Remove the container now: the removal at exit may come late or never.
    if (signal.aborted && rm) await containers.remove(run.id, { force: true, volumes: true }).catch(() => {});
    throw error;
  });
  return resultOf(exit, run, { maxBytes, output, encoding: options.encoding, signal });
}

const defaultMaxBuffer = 16 << 20;

/**
 * The most bytes to collect of each output. Infinity means no limit but that of a string or of a Buffer.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function outputLimit({ maxBuffer = defaultMaxBuffer, encoding = 'utf8' }: AnyRunInput): number {
  if (encoding !== 'utf8' && encoding !== 'buffer') {
    throw new RequestError('ORLOP_E_INPUT', `the encoding is '${encoding}', expected 'utf8' or 'buffer'`, {
      hint: "take 'buffer', and decode it: new TextDecoder(…)",
    });
  }
  if (!(typeof maxBuffer === 'number' && maxBuffer >= 0)) {
    throw new RequestError('ORLOP_E_INPUT', `maxBuffer is '${maxBuffer}', expected a number of bytes`);
  }
  return Math.min(maxBuffer, encoding === 'utf8' ? constants.MAX_STRING_LENGTH : constants.MAX_LENGTH);
}

function requireReject(reject: unknown): void {
  if (reject === undefined || typeof reject === 'boolean') return;
  throw new RequestError('ORLOP_E_INPUT', `reject is '${reject}', expected true or false`);
}

/** Time to wait for the end of a killed application, ms: longer than what the addon waits for outputs that are held. */
const endTimeoutMs = 1000;

/**
 * Waits for the exit, and kills the application when the signal fires. It may hang in the kernel, in a request to a FUSE
 * server, so the wait after the kill is limited.
 */
function exitUnlessAborted(ended: Promise<ExitReport>, signal: AbortSignal, kill: () => void): Promise<ExitReport> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      kill();
      timer = setTimeout(() => reject(aborted(signal)), endTimeoutMs);
    };
    const settle = () => {
      signal.removeEventListener('abort', end);
      clearTimeout(timer);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    ended.then(resolve, reject);
    ended.then(settle, settle);
  });
}

interface Collected {
  readonly maxBytes: number;
  /** Limit of the container, which is no error. */
  readonly output: number;
  readonly encoding: AnyRunInput['encoding'];
  readonly signal: AbortSignal;
}

/** Result of `run` after the exit. */
function resultOf(report: ExitReport, run: Run, { maxBytes, output, encoding, signal }: Collected): t.RunResult<never> {
  const { status, exit, outputs, overflow, cut, group } = report;
  const [stdout, stderr] = [outputs[0], outputs[1]].map((bytes = Buffer.alloc(0)) =>
    encoding === 'buffer' ? bytes : bytes.toString('utf8'),
  ) as [never, never];
  const { limit, ...hit } = hitLimits(report);
  const facts = { ...status, stdout, stderr, usage: usageOf(exit, group, run.times), ...hit };
  if (signal.aborted && (status.signal === 'SIGKILL' || cut)) throw aborted(signal, facts);
  const isOverflown = overflow !== null && output > maxBytes;
  if (isOverflown) throw overflown(overflow === 0 ? 'stdout' : 'stderr', maxBytes, facts);
  return {
    ...facts,
    limit: overflow === null ? limit : 'output',
    // Computed on access: they hold an object for each operation of the plan.
    get timings() {
      return startTimings(run);
    },
    container: { id: run.id, name: run.name },
  };
}
