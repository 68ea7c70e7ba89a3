import { RequestError } from '../errors/index.ts';
import type { RunOptions } from '../request/types.ts';
import { collect } from '../supervise/output.ts';
import type * as t from './types.ts';

const defaultMaxBuffer = 16 << 20;

type Create = (image: string, argv: readonly string[], options: RunOptions) => Promise<t.Container>;

/** Makes a container, runs it to its end, and collects its output. */
export async function runToEnd(
  create: Create,
  image: string,
  argv: readonly string[],
  { input, maxBuffer = defaultMaxBuffer, signal, timeout, ...options }: RunOptions & t.RunInput,
): Promise<t.RunResult> {
  if (signal?.aborted) throw aborted(signal);
  const container = await create(image, argv, { rm: true, ...options });
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  const ends = [signal, deadline].filter((one) => one !== undefined);
  const running = await container
    .start({
      stdin: input === undefined ? 'ignore' : 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      signal: ends.length === 0 ? undefined : AbortSignal.any(ends),
    })
    .catch((error: unknown) => {
      if (deadline?.aborted) throw timedOut(container, timeout);
      throw error;
    });
  feed(running, input);
  const kill = () => running.kill('SIGKILL');
  const output = await Promise.allSettled([
    read('stdout', running.stdout, maxBuffer, kill),
    read('stderr', running.stderr, maxBuffer, kill),
  ]);
  const status = await running.exited;
  if (signal?.aborted) throw aborted(signal);
  if (deadline?.aborted && status.signal === 'SIGKILL') throw timedOut(container, timeout);
  const [stdout, stderr] = output.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value.toString('utf8');
  });
  return {
    ...status,
    stdout: stdout ?? '',
    stderr: stderr ?? '',
    timings: running.timings,
    container: { id: container.id, name: container.name },
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

function timedOut({ name }: t.Container, timeout: number | undefined): RequestError {
  return new RequestError('ORLOP_E_TIMEOUT', `container '${name}' ran longer than ${timeout} ms and was killed`, {
    hint: 'raise timeout',
  });
}
