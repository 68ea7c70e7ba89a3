import { type Run, runContainer } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { type ErrorCode, type ErrorOptions, RequestError, RunError, type RunFacts } from '../errors/index.ts';
import { sigkill } from '../linux/signals.ts';
import type { Limits } from '../request/limits.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import type { ExitReport } from '../supervise/settle-exit.ts';
import { hitLimits, usageOf } from '../supervise/usage.ts';
import { Laps } from '../trace/laps.ts';
import { Deadline } from './deadline.ts';
import { feed, requireInput } from './input.ts';
import { settledRun } from './outcome.ts';
import { startTimings } from './running.ts';
import type * as t from './types.ts';

/** Options of a run whose outputs are texts or bytes. The overloads of `run` tell the caller which. */
export type AnyRunInput = t.RunInput<boolean> | t.BufferRunInput<boolean>;
/** What their overloads make of it. */
export type AnyRunResult = t.RunResult<never> & t.RunOutcome<never>;

const defaultMaxBuffer = 16 << 20;

/**
 * Streams of a run, and the number of bytes to collect of each.
 *
 * @throws RequestError ORLOP_E_INPUT, before anything is started
 */
export function runStdio(
  { input, maxBuffer = defaultMaxBuffer, encoding = 'utf8' }: AnyRunInput,
  { output = Infinity }: Pick<Limits, 'output'>,
) {
  requireInput(input);
  requireEncoding(encoding);
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return { stdio: { stdin, stdout: 'pipe', stderr: 'pipe' }, collect: Math.min(limitOf(maxBuffer), output) } as const;
}

function requireEncoding(encoding: unknown): void {
  if (encoding === 'utf8' || encoding === 'buffer') return;
  throw new RequestError('ORLOP_E_INPUT', `the encoding is '${encoding}', expected 'utf8' or 'buffer'`, {
    hint: "take 'buffer', and decode it: new TextDecoder(…)",
  });
}

/** Infinity means no limit, as in node:child_process. */
function limitOf(maxBuffer: number): number {
  if (typeof maxBuffer === 'number' && maxBuffer >= 0) return Math.min(maxBuffer, Number.MAX_SAFE_INTEGER);
  throw new RequestError('ORLOP_E_INPUT', `maxBuffer is '${maxBuffer}', expected a number of bytes`);
}

/**
 * Makes a container, runs it until its exit, and collects its output.
 *
 * @param parse parses the options without those of `RunInput`
 */
export async function runToEnd(
  runtime: Runtime,
  image: string,
  options: RunOptions & AnyRunInput,
  parse: (options: RunOptions) => RunRequest,
): Promise<AnyRunResult> {
  const { input, maxBuffer, signal, timeout, encoding, reject, ...runOptions } = options;
  const laps = new Laps('create');
  const toEnd = async (deadlineSignal: AbortSignal) => {
    const request = parse({ ...runOptions, rm: runOptions.rm ?? true });
    laps.lap('request', 'parsed');
    const run = await runContainer(runtime, request, {
      ...runStdio(options, request.limits),
      signal: deadlineSignal,
      laps,
    });
    return collectRun(runtime, run, request, options, deadlineSignal);
  };
  return settledRun(() => withDeadline(image, options, toEnd), options);
}

/** Runs `run` with a signal that fires on the caller's signal or time-out. */
export async function withDeadline<Result>(
  image: string,
  { signal, timeout }: Pick<t.RunInput, 'signal' | 'timeout'>,
  run: (deadlineSignal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using deadline = new Deadline(signal, timeout);
  try {
    if (deadline.signal.aborted) throw aborted(deadline.signal);
    return await run(deadline.signal);
  } catch (error) {
    // The time-out is the error to report, whatever operation it interrupted.
    if (deadline.timedOut && isAborted(error)) throw timedOut(image, timeout, error);
    throw error;
  }
}

/** Waits for the exit of an application whose output is collected. */
export async function collectRun(
  { native, containers }: Pick<Runtime, 'native' | 'containers'>,
  run: Run,
  { rm, limits }: Pick<RunRequest, 'rm' | 'limits'>,
  options: AnyRunInput,
  signal: AbortSignal,
): Promise<t.RunResult<never>> {
  const { input } = options;
  const { process, id } = run;
  const kill = () => native.kill(process, sigkill);
  const endFirst = async (error: unknown): Promise<never> => {
    kill();
    await run.exitReport.catch(() => {});
    throw error;
  };
  const ending = Promise.all([
    exitUnlessAborted(run.exitReport, signal, kill),
    input === undefined ? null : feed(run, input).catch(endFirst),
  ]);
  const [ended] = await ending.catch(async (error: unknown) => {
    // Remove the container now: the removal at exit may come late or never.
    if (signal.aborted && rm) await containers.remove(id, { force: true, volumes: true }).catch(() => {});
    throw error;
  });
  return resultOf(ended, run, { ...options, output: limits.output ?? Infinity }, signal);
}

/** Time to wait for the outputs of a killed application, ms. */
const outputTimeoutMs = 1000;

/**
 * Waits for the exit, and kills the application when the signal fires. Another process may hold the outputs open
 * (through a socket in a volume, for example), so the wait after the kill is limited.
 */
function exitUnlessAborted(ended: Promise<ExitReport>, signal: AbortSignal, kill: () => void): Promise<ExitReport> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      kill();
      timer = setTimeout(() => reject(aborted(signal)), outputTimeoutMs);
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

/** Result of `run` after the exit. */
function resultOf(
  report: ExitReport,
  run: Run,
  { maxBuffer = defaultMaxBuffer, encoding, output }: AnyRunInput & { readonly output: number },
  signal: AbortSignal,
): t.RunResult<never> {
  const { status, exit, outputs, overflow, group } = report;
  const [stdout, stderr] = [outputs[0], outputs[1]].map((bytes = Buffer.alloc(0)) =>
    encoding === 'buffer' ? bytes : bytes.toString('utf8'),
  ) as [never, never];
  const { limit, ...hit } = hitLimits(report);
  const facts = { ...status, stdout, stderr, usage: usageOf(exit, group, run.times), ...hit };
  if (signal.aborted && status.signal === 'SIGKILL') throw aborted(signal, facts);
  const isOverflown = overflow !== null && output > maxBuffer;
  if (isOverflown) throw overflown(overflow === 0 ? 'stdout' : 'stderr', maxBuffer, facts);
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

function overflown(name: string, limit: number, facts: RunFacts): RunError {
  return new RunError('ORLOP_E_BUFFER', `the application wrote more than ${limit} bytes to its ${name}`, facts, {
    hint: `raise maxBuffer, or read the stream: create a container, and start it`,
  });
}

function aborted(signal: AbortSignal, facts?: RunFacts): RequestError {
  return ended('ORLOP_E_ABORTED', 'the run was ended by its AbortSignal', facts, { cause: signal.reason });
}

function timedOut(image: string, timeout: number | undefined, aborted: RequestError): RequestError {
  const message = `a run of image '${image}' took longer than ${timeout} ms and was ended`;
  const facts = aborted instanceof RunError ? aborted : undefined;
  return ended('ORLOP_E_TIMEOUT', message, facts, { hint: 'raise timeout' });
}

/** The error of a run that was ended, with what its application had done, if that is known. */
function ended(code: ErrorCode, message: string, facts: RunFacts | undefined, options: ErrorOptions): RequestError {
  return facts === undefined ? new RequestError(code, message, options) : new RunError(code, message, facts, options);
}

function isAborted(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === 'ORLOP_E_ABORTED';
}
