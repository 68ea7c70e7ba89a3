import type { Readable, Writable } from 'node:stream';
import type { Started } from '../containers/start.ts';
import { RequestError } from '../errors/index.ts';
import { nextTick } from '../launch/next-tick.ts';
import type { Native } from '../native/contract.ts';
import { signalNumber } from '../supervise/exit.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import { type Traced, traceOf } from '../trace/events.ts';
import type { TimedStart } from '../trace/steps.ts';
import { timingsOf } from '../trace/timings.ts';
import { delayOf } from './deadline.ts';
import type { ExitStatus, Running, StartOptions, Timings, Trace } from './types.ts';

/** Whose start it is. */
type Whose = Pick<Traced, 'id' | 'name' | 'image'>;

/** A running container, as the library's caller holds it. */
export class RunningContainer implements Running {
  readonly #native: Native;
  readonly #started: Started;
  readonly #whose: Whose;
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;

  private constructor(native: Native, started: Started, whose: Whose, streams: StdioStreams) {
    this.#native = native;
    this.#started = started;
    this.#whose = whose;
    this.pid = started.process.pid;
    this.exited = started.exited;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
  }

  static async of(native: Native, started: Started, whose: Whose, options: StartOptions): Promise<RunningContainer> {
    // In a turn of its own, as what follows is mostly the caller's: others are served in between.
    await nextTick();
    const streams = await started.stdio.streams();
    started.laps.lap('streams', 'as the caller gets them');
    const running = new RunningContainer(native, started, whose, streams);
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
      if (timer !== undefined) clearTimeout(timer);
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
    return startTimings(this.#started);
  }

  trace(): Trace {
    return traceOf(timed(this.#started), { ...this.#whose, caller: process.pid, pid: this.pid });
  }
}

/** The times of a start. The plan is made for whoever asks for them, not before. */
export function startTimings(started: TimedStarted): Timings {
  return timingsOf(timed(started));
}

/** What is known of the times of a start. */
export type TimedStarted = Pick<Started, 'times' | 'laps' | 'plan'>;

function timed({ plan, times, laps }: TimedStarted): TimedStart {
  return { plan: plan(), times, laps };
}
