import type { Readable, Writable } from 'node:stream';
import type { Started } from '../containers/start.ts';
import { nextTick } from '../launch/next-tick.ts';
import type { Native } from '../native/contract.ts';
import { parseSignal } from '../request/stop.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import { hitLimits, usageOf } from '../supervise/usage.ts';
import { type TraceSubject, traceOf } from '../trace/events.ts';
import type { TimedStart } from '../trace/steps.ts';
import { timingsOf } from '../trace/timings.ts';
import { timerDelayMs } from './deadline.ts';
import type { Ended, Running, StartOptions, Timings, Trace } from './types.ts';

/** The container that a start belongs to. */
type StartSubject = Pick<TraceSubject, 'id' | 'name' | 'image'>;

/** A running container, as the library's caller holds it. */
export class RunningContainer implements Running {
  readonly #native: Native;
  readonly #started: Started;
  readonly #subject: StartSubject;
  #timedOut = false;
  readonly pid: number;
  readonly exited: Promise<Ended>;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;

  private constructor(native: Native, started: Started, subject: StartSubject, streams: StdioStreams) {
    this.#native = native;
    this.#started = started;
    this.#subject = subject;
    this.pid = started.process.pid;
    this.exited = endOf(started).then((ended) =>
      this.#timedOut && ended.signal === 'SIGKILL' ? { ...ended, timedOut: true, limit: 'wallTime' } : ended,
    );
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
  }

  static async of(
    native: Native,
    started: Started,
    subject: StartSubject,
    options: StartOptions,
  ): Promise<RunningContainer> {
    // The caller's code runs in a new tick, so other callbacks run in between.
    await nextTick();
    const streams = await started.stdio.streams();
    started.laps.lap('streams', 'as the caller gets them');
    const running = new RunningContainer(native, started, subject, streams);
    running.#endWith(options);
    started.exited.then(streams.finish, streams.finish);
    return running;
  }

  /** Kills the container with SIGKILL when the caller's signal or time-out fires. */
  #endWith({ signal, timeout }: StartOptions): void {
    const kill = () => this.kill('SIGKILL');
    if (signal?.aborted) kill();
    signal?.addEventListener('abort', kill, { once: true });
    const expire = () => {
      this.#timedOut = kill();
    };
    const delay = timerDelayMs(timeout);
    const timer = delay === undefined ? undefined : setTimeout(expire, delay);
    const settle = () => {
      signal?.removeEventListener('abort', kill);
      if (timer !== undefined) clearTimeout(timer);
    };
    this.exited.then(settle, settle);
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.#native.kill(this.#started.process, parseSignal(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }

  get timings(): Timings {
    return startTimings(this.#started);
  }

  trace(): Trace {
    return traceOf(timed(this.#started), { ...this.#subject, caller: process.pid, pid: this.pid });
  }
}

/** Resolves when the application has exited and the caller's files have all of its output. */
async function endOf({ exitReport, stdio, times }: Started): Promise<Ended> {
  const report = await exitReport;
  const { status, exit, group } = report;
  if (stdio.copies) await stdio.copied();
  return { ...status, usage: usageOf(exit, group, times), ...hitLimits(report) };
}

/** The times of a start. Builds the plan on access. */
export function startTimings(started: TimedStarted): Timings {
  return timingsOf(timed(started));
}

/** The parts of a start that its times are computed from. */
export type TimedStarted = Pick<Started, 'times' | 'laps' | 'plan'>;

function timed({ plan, times, laps }: TimedStarted): TimedStart {
  return { plan: plan(), times, laps };
}
