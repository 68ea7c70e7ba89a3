import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { LaunchError, RequestError } from '../../errors/index.ts';
import { archiveExecutable } from './executable.ts';
import { errorOf, parseBytes, parseReport } from './report.ts';

/** A descriptor of this process, or none. */
type Stdio = number | 'ignore';

export interface Job {
  /** Action for messages: `unpack the archive`. */
  readonly action: string;
  readonly argv: readonly string[];
  readonly input: Stdio;
  readonly output: Stdio;
  readonly directory: number;
  readonly copy: Stdio;
  readonly below: Stdio;
  readonly owners: readonly number[];
  /** User namespace to work in; null: the caller's. */
  readonly userNamespace: number | null;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the archive that are done so far. What it throws ends the process, and is thrown. */
  readonly onBytes: (bytes: number) => void;
}

/** Number of characters after which the process's standard error is dropped. */
const maxText = 64 * 1024;

/**
 * Runs orlop-archive and returns its result.
 *
 * @throws RequestError ORLOP_E_ARCHIVE, ORLOP_E_ABORTED, ORLOP_E_NATIVE
 * @throws LaunchError with the errno of the kernel
 */
export async function runArchive(job: Job): Promise<Record<string, unknown>> {
  const file = await archiveExecutable();
  // Loaded here, because no start needs node:child_process.
  const { spawn } = await import('node:child_process');
  if (job.signal?.aborted) throw aborted(job);
  const enters = job.userNamespace !== null;
  const child = spawn(file, [...(enters ? ['enter'] : []), ...job.argv], {
    env: {},
    cwd: '/',
    stdio: [
      ...[job.input, job.output, 'pipe' as const, job.directory, job.copy, 'pipe' as const, job.below],
      job.userNamespace ?? 'ignore',
      ...job.owners,
    ],
  });
  const kill = () => child.kill('SIGKILL');
  let thrown: { readonly error: unknown } | undefined;
  const onBytes = (bytes: number): void => {
    if (thrown !== undefined) return;
    try {
      job.onBytes(bytes);
    } catch (error) {
      thrown = { error };
      kill();
    }
  };
  job.signal?.addEventListener('abort', kill, { once: true });
  try {
    // Node's type has five streams, but `stdio` asks for seven. It is undefined if no process could be made.
    const streams: readonly unknown[] = child.stdio ?? [];
    const reading = readReport(streams[5], onBytes);
    const [end, text, line] = await Promise.all([ended(job, child), collect(streams[2]), reading]);
    if (thrown !== undefined) throw thrown.error;
    if (job.signal?.aborted) throw aborted(job);
    const report = parseReport(line);
    if (report === null) throw broken(job, end, text);
    if ('result' in report) return report.result;
    throw errorOf(job.action, report);
  } finally {
    job.signal?.removeEventListener('abort', kill);
  }
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

function ended(job: Job, child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(job, error)));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

async function collect(stream: unknown): Promise<string> {
  let text = '';
  if (stream === undefined) return text;
  for await (const chunk of stream as Readable) {
    if (text.length < maxText) text += String(chunk);
  }
  return text;
}

/** Reads the lines of a report, and returns the last one. Those before it count bytes. */
async function readReport(stream: unknown, onBytes: (bytes: number) => void): Promise<string> {
  let last = '';
  let rest = '';
  if (stream === undefined) return last;
  for await (const chunk of stream as Readable) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = (lines.pop() ?? '').slice(0, maxText);
    for (const line of lines) {
      const bytes = parseBytes(line);
      if (bytes === null) last = line;
      else onBytes(bytes);
    }
  }
  return last + rest;
}

function aborted(job: Job): RequestError {
  return new RequestError('ORLOP_E_ABORTED', `could not ${job.action}: aborted`, { cause: job.signal?.reason });
}

function notStarted(job: Job, error: NodeJS.ErrnoException): LaunchError {
  return new LaunchError(`could not ${job.action}: orlop-archive could not be started: ${error.message}`, {
    code: error.code ?? 'EIO',
    errno: Math.abs(error.errno ?? 0),
    syscall: error.syscall ?? 'spawn',
    step: 'archive',
    path: error.path,
    exitCode: 125,
  });
}

/** Error for an exit without a report: killed by another process, by a limit, or by the system-call filter (SIGSYS). */
function broken(job: Job, end: End, text: string): LaunchError {
  const how = end.signal === null ? `exited with ${end.code}` : `was killed by ${end.signal}`;
  const said = text.trim() === '' ? '' : `: ${text.trim()}`;
  return new LaunchError(`could not ${job.action}: orlop-archive ${how}${said}`, {
    code: end.signal ?? 'EIO',
    errno: 0,
    syscall: 'orlop-archive',
    step: 'archive',
    hint: end.signal === 'SIGKILL' ? 'the machine may have run out of memory' : undefined,
    exitCode: 125,
  });
}
