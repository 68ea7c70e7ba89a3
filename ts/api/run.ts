import type { StartRequest } from '../containers/launch-container.ts';
import { type Run, runContainer } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { sigkill } from '../linux/signals.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import type { ExitReport } from '../supervise/settle-exit.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import { hitLimits, usageOf } from '../supervise/usage.ts';
import { Laps } from '../trace/laps.ts';
import { Deadline } from './deadline.ts';
import { aborted, explainEnd, isAborted, overflown } from './ended.ts';
import type { FollowedExit, FollowedExitOptions } from './followed-exit.ts';
import { feed, type Source, takeInput } from './input.ts';
import { failed, succeeded } from './outcome.ts';
import {
  isFollowed,
  type MadeOutputs,
  makeOutput,
  type OutputForm,
  outputForm,
  requireBoolean,
} from './output-form.ts';
import { startTimings } from './running.ts';
import type * as t from './types.ts';

/** Options of a run whose outputs are texts, bytes or lines. The overloads of `run` tell the caller which. */
export type AnyRunInput =
  | t.RunInput<boolean, boolean>
  | t.BufferRunInput<boolean, boolean>
  | t.LinesRunInput<boolean, boolean>;
/** What their overloads make of it. */
export type AnyRunResult = t.RunResult<never> & t.RunOutcome<never> & { readonly all: never };

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
  const runOptions = withoutRunInput(options);
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

/** The options of a run without those that say what to do with its streams and its end. */
export function withoutRunInput<Options extends AnyRunInput>(options: Options): Omit<Options, keyof t.RunInput> {
  const { input, maxBuffer, signal, timeout, encoding, reject, lines, all, onStdout, onStderr, ...rest } = options;
  return rest;
}

/**
 * Gives the result of a run; with `reject: false` also what is known of one that failed.
 *
 * @throws what is no failure of the run: a TypeError, say
 */
export async function runToEnd(image: string, options: AnyRunInput, prepare: () => Runnable): Promise<AnyRunResult> {
  const { signal, timeout, reject } = options;
  let deadline: Deadline | undefined;
  try {
    using source = takeInput(options.input);
    using limited = new Deadline(signal, timeout);
    deadline = limited;
    const result = await collectRun(prepare, options, source, limited);
    return (reject === false ? succeeded(result) : result) as AnyRunResult;
  } catch (error) {
    if (deadline !== undefined && deadline.thrown !== null) throw deadline.thrown.error;
    const wasEnded = isAborted(error);
    const reason = wasEnded && deadline ? explainEnd(error, deadline, { image, timeout }) : error;
    if (reject !== false) throw reason;
    return failed(reason, options, wasEnded) as AnyRunResult;
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
  const form = outputForm(options);
  requireBoolean('reject', options.reject ?? true);
  if (signal.aborted) throw aborted(signal);
  const { runtime, rm, limits, start } = prepare();
  const { native, containers } = runtime;
  const { output = Infinity, wallTime } = limits;
  const limit = Math.min(form.maxBytes, output);
  const stdio = { stdin: source === null ? 'ignore' : 'pipe', stdout: 'pipe', stderr: 'pipe' } as const;
  const isRead = isFollowed(form);
  const run = await start({ stdio, collect: isRead ? undefined : limit, signal });
  const streams = isRead || source !== null ? run.stdio.streams() : null;
  if (streams !== null && source !== null) feed(streams, run.exited, source).catch(deadline.fail);
  const kill = () => native.kill(run.process, sigkill);
  const follow = { form, limit, kill, signal, wallTime, onError: deadline.rethrow };
  const ended = streams !== null && isRead ? followed(run, streams, follow) : run.exitReport;
  const exit = await exitUnlessAborted(ended, signal, kill).catch(async (error: unknown) => {
    // Remove the container now: the removal at exit may come late or never.
    if (signal.aborted && rm) await containers.remove(run.id, { force: true, volumes: true }).catch(() => {});
    throw error;
  });
  return resultOf(exit, run, { form, output, signal });
}

/** Loaded where outputs are followed: a command never does. */
async function followed(run: Run, streams: Promise<StdioStreams>, options: FollowedExitOptions): Promise<FollowedExit> {
  const { followToExit } = await import('./followed-exit.ts');
  return followToExit(run, await streams, options);
}

/** Time to wait for the end of a killed application, ms: longer than what the addon waits for outputs that are held. */
const endTimeoutMs = 1000;

/**
 * Waits for the exit, and kills the application when the signal fires. It may hang in the kernel, in a request to a FUSE
 * server, so the wait after the kill is limited.
 */
function exitUnlessAborted<Report extends ExitReport>(
  ended: Promise<Report>,
  signal: AbortSignal,
  kill: () => void,
): Promise<Report> {
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
  readonly form: OutputForm;
  /** Limit of the container, which is no error. */
  readonly output: number;
  readonly signal: AbortSignal;
}

/** Result of `run` after the exit. */
function resultOf(
  report: ExitReport & Partial<Pick<FollowedExit, 'made'>>,
  run: Run,
  { form, output, signal }: Collected,
): t.RunResult<never> {
  const { status, exit, outputs, overflow, cut, group, made = madeOf(outputs, form) } = report;
  const { limit, ...hit } = hitLimits(report);
  const facts = {
    ...status,
    ...(made as Record<keyof MadeOutputs, never>),
    usage: usageOf(exit, group, run.times),
    ...hit,
  };
  if (signal.aborted && (status.signal === 'SIGKILL' || cut)) throw aborted(signal, facts);
  const isOverflown = overflow !== null && output > form.maxBytes;
  if (isOverflown) throw overflown(overflow === 0 ? 'stdout' : 'stderr', form.maxBytes, facts);
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

/** Makes the outputs of the bytes that the exit thread has collected. */
function madeOf(
  [stdout = Buffer.alloc(0), stderr = Buffer.alloc(0)]: readonly Buffer[],
  form: OutputForm,
): MadeOutputs {
  return { stdout: makeOutput(stdout, form), stderr: makeOutput(stderr, form) };
}
