import { type Run, runContainer } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import type { Started } from '../containers/start.ts';
import { RequestError } from '../errors/index.ts';
import { sigkill } from '../linux/signals.ts';
import type { RunOptions, RunRequest } from '../request/types.ts';
import type { ExitReport } from '../supervise/settle-exit.ts';
import { Laps } from '../trace/laps.ts';
import { Deadline } from './deadline.ts';
import { startTimings } from './running.ts';
import type * as t from './types.ts';

const defaultMaxBuffer = 16 << 20;

/**
 * Streams of a run, and the number of bytes to collect of each.
 *
 * @throws RequestError ORLOP_E_INPUT, before anything is started
 */
export function runStdio({ input, maxBuffer = defaultMaxBuffer }: t.RunInput) {
  requireText(input);
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return { stdio: { stdin, stdout: 'pipe', stderr: 'pipe' }, collect: limitOf(maxBuffer) } as const;
}

function requireText(input: unknown): void {
  if (input === undefined || input === null || typeof input === 'string' || ArrayBuffer.isView(input)) return;
  throw new RequestError('ORLOP_E_INPUT', `the input is ${typeof input}, expected a string or a Uint8Array`);
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
  options: RunOptions & t.RunInput,
  parse: (options: RunOptions) => RunRequest,
): Promise<t.RunResult> {
  const { input, maxBuffer, signal, timeout, ...runOptions } = options;
  const laps = new Laps('create');
  return withDeadline(image, options, async (deadlineSignal) => {
    const request = parse({ ...runOptions, rm: runOptions.rm ?? true });
    laps.lap('request', 'parsed');
    const run = await runContainer(runtime, request, { ...runStdio(options), signal: deadlineSignal, laps });
    return collectRun(runtime, run, request.rm, options, deadlineSignal);
  });
}

/** Runs `run` with a signal that fires on the caller's signal or time-out. */
export async function withDeadline<Result>(
  image: string,
  { signal, timeout }: t.RunInput,
  run: (deadlineSignal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using deadline = new Deadline(signal, timeout);
  try {
    if (deadline.signal.aborted) throw aborted(deadline.signal);
    return await run(deadline.signal);
  } catch (error) {
    // The time-out is the error to report, whatever operation it interrupted.
    if (deadline.timedOut && isAborted(error)) throw timedOut(image, timeout);
    throw error;
  }
}

/** Waits for the exit of an application whose output is collected. */
export async function collectRun(
  { native, containers }: Pick<Runtime, 'native' | 'containers'>,
  run: Run,
  rm: boolean,
  { input, maxBuffer = defaultMaxBuffer }: t.RunInput,
  signal: AbortSignal,
): Promise<t.RunResult> {
  const { process, id } = run;
  const kill = () => native.kill(process, sigkill);
  const ending = Promise.all([
    exitUnlessAborted(run.exitReport, signal, kill),
    input === undefined ? null : feed(run, input),
  ]);
  const [ended] = await ending.catch(async (error: unknown) => {
    // Remove the container now: the removal at exit may come late or never.
    if (signal.aborted && rm) await containers.remove(id, { force: true, volumes: true }).catch(() => {});
    throw error;
  });
  return resultOf(ended, run, { maxBuffer }, signal);
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
  { status, outputs, overflow }: ExitReport,
  run: Run,
  { maxBuffer = defaultMaxBuffer }: t.RunInput,
  signal: AbortSignal,
): t.RunResult {
  if (signal.aborted && status.signal === 'SIGKILL') throw aborted(signal);
  if (overflow !== null) throw overflown(overflow === 0 ? 'stdout' : 'stderr', maxBuffer);
  const [stdout = '', stderr = ''] = outputs.map((bytes) => bytes.toString('utf8'));
  return {
    ...status,
    stdout,
    stderr,
    // Computed on access: they hold an object for each operation of the plan.
    get timings() {
      return startTimings(run);
    },
    container: { id: run.id, name: run.name },
  };
}

/** Writes the input. An application that does not read all of it is no error. */
async function feed({ stdio, exited }: Started, input: string | Uint8Array): Promise<void> {
  const { stdin, finish } = await stdio.streams();
  exited.then(finish, finish);
  stdin?.on('error', () => {});
  stdin?.end(input);
}

function overflown(name: string, limit: number): RequestError {
  return new RequestError('ORLOP_E_BUFFER', `the application wrote more than ${limit} bytes to its ${name}`, {
    hint: `raise maxBuffer, or read the stream: ${name}: 'pipe'`,
  });
}

function aborted(signal: AbortSignal): RequestError {
  return new RequestError('ORLOP_E_ABORTED', 'the run was ended by its AbortSignal', { cause: signal.reason });
}

function timedOut(image: string, timeout: number | undefined): RequestError {
  return new RequestError('ORLOP_E_TIMEOUT', `a run of image '${image}' took longer than ${timeout} ms and was ended`, {
    hint: 'raise timeout',
  });
}

function isAborted(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'ORLOP_E_ABORTED';
}
