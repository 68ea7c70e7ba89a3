import { RequestError } from '../errors/index.ts';
import type { RunOptions } from '../request/types.ts';
import { collect } from '../supervise/output.ts';
import { Deadline } from './deadline.ts';
import type * as t from './types.ts';

const defaultMaxBuffer = 16 << 20;

type Create = (
  image: string,
  argv: readonly string[],
  options: RunOptions,
  signal: AbortSignal,
) => Promise<t.Container>;

/** Makes a container, runs it to its end, and collects its output. */
export async function runToEnd(
  create: Create,
  image: string,
  argv: readonly string[],
  { input, maxBuffer, signal, timeout, ...options }: RunOptions & t.RunInput,
): Promise<t.RunResult> {
  return withDeadline(image, signal, timeout, async (ends) => {
    const container = await create(image, argv, { ...options, rm: options.rm ?? true }, ends);
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const running = await container.start({ stdin, stdout: 'pipe', stderr: 'pipe', signal: ends });
    return collectRun(running, container, input, maxBuffer, ends);
  });
}

/** Runs something that the caller's signal or time-out ends. */
export async function withDeadline<Result>(
  image: string,
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using deadline = new Deadline(signal, timeout);
  try {
    if (deadline.signal.aborted) throw aborted(deadline.signal);
    return await run(deadline.signal);
  } catch (error) {
    // Whatever the time-out interrupted, it is what the caller has to know.
    if (deadline.timedOut && isAborted(error)) throw timedOut(image, timeout);
    throw error;
  }
}

/** Waits for the end of an application and collects its output. */
export async function collectRun(
  running: t.Running,
  { id, name }: { readonly id: string; readonly name: string },
  input: string | Uint8Array | undefined,
  maxBuffer: number | undefined,
  signal: AbortSignal,
): Promise<t.RunResult> {
  feed(running, input);
  const kill = () => running.kill('SIGKILL');
  const output = await Promise.allSettled([
    read('stdout', running.stdout, maxBuffer ?? defaultMaxBuffer, kill),
    read('stderr', running.stderr, maxBuffer ?? defaultMaxBuffer, kill),
  ]);
  const status = await running.exited;
  if (signal.aborted && status.signal === 'SIGKILL') throw aborted(signal);
  const [stdout, stderr] = output.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value.toString('utf8');
  });
  return {
    ...status,
    stdout: stdout ?? '',
    stderr: stderr ?? '',
    // Made when somebody reads them: they are an object for each operation of the plan.
    get timings() {
      return running.timings;
    },
    container: { id, name },
  };
}

/** An application that does not read its input, or ends before it has, is no error of the caller. */
function feed({ stdin }: t.Running, input: string | Uint8Array | undefined): void {
  if (stdin === null) return;
  stdin.on('error', () => {});
  stdin.end(input);
}

async function read(name: string, stream: t.Running['stdout'], limit: number, kill: () => void): Promise<Buffer> {
  return stream === null ? Buffer.alloc(0) : collect(name, stream, limit, kill);
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
