import type { Readable, Writable } from 'node:stream';
import type { Started } from '../containers/start.ts';
import { RequestError } from '../errors/index.ts';
import type { LaunchResult, Native } from '../native/contract.ts';
import { timingsOf, traceOf } from '../plan/trace.ts';
import type { Plan } from '../plan/types.ts';
import { signalNumber } from '../supervise/exit.ts';
import type { StdioStreams } from '../supervise/stdio.ts';
import { delayOf } from './deadline.ts';
import type { ExitStatus, Running, StartOptions, Timings } from './types.ts';

/** A running container, as the library's caller holds it. */
export class RunningContainer implements Running {
  readonly #native: Native;
  readonly #started: Started;
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;

  private constructor(native: Native, started: Started, streams: StdioStreams) {
    this.#native = native;
    this.#started = started;
    this.pid = started.process.pid;
    this.exited = started.exited;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
  }

  static async of(native: Native, started: Started, options: StartOptions): Promise<RunningContainer> {
    const streams = await started.stdio.streams();
    const running = new RunningContainer(native, started, streams);
    running.#endWith(options);
    started.exited.then(streams.finish, streams.finish);
    return running;
  }

  /** The signal and the time-out of the caller both end the container the hard way. */
  #endWith({ signal, timeout }: StartOptions): void {
    const kill = () => this.kill('SIGKILL');
    if (signal?.aborted) kill();
    signal?.addEventListener('abort', kill, { once: true });
    const timer = timeout === undefined ? undefined : setTimeout(kill, delayOf(timeout));
    const settle = () => {
      signal?.removeEventListener('abort', kill);
      clearTimeout(timer);
    };
    this.exited.then(settle, settle);
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const number = signalNumber(signal);
    if (number === undefined) {
      throw new RequestError('ORLOP_E_INPUT', `there is no signal '${signal}'`, { hint: 'write SIGTERM, SIGKILL, …' });
    }
    return this.#native.kill(this.#started.process, number);
  }

  get timings(): Timings {
    return timings(this.#started.plan.plan, this.#started.times);
  }

  trace(): unknown {
    return traceOf(this.#started.plan.plan, this.#started.times, this.pid);
  }
}

function timings(plan: Plan, times: LaunchResult['times']): Timings {
  const since = (time: number) => (time - times.called) / 1000;
  return { clonedUs: since(times.cloned), startedUs: since(times.returned), operations: timingsOf(plan, times) };
}
