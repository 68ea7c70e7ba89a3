import type { Run } from '../containers/run.ts';
import { maxDelayMs } from '../launch/abort.ts';
import type { ExitReport } from '../supervise/settle-exit.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import { usageOf } from '../supervise/usage.ts';
import { FollowedOutputs, type FollowOptions } from './follow-output.ts';
import type { MadeOutputs } from './output-form.ts';

/** Time that an output is waited for after the kill and the exit, ms: that of the addon for the outputs it collects. */
const heldMs = 500;

export interface FollowedExit extends ExitReport {
  readonly made: MadeOutputs;
}

export interface FollowedExitOptions extends Omit<FollowOptions, 'onOverflow'> {
  readonly kill: () => void;
  /** The caller kills the application when it fires. */
  readonly signal: AbortSignal;
  /** Limit of the container, in ms. */
  readonly wallTime: number | undefined;
}

/** Waits for the exit of an application and for the end of its outputs, which are followed meanwhile. */
export async function followToExit(
  { exitReport, times }: Pick<Run, 'exitReport' | 'times'>,
  streams: Omit<StdioStreams, 'stdin'>,
  { kill, signal, wallTime, ...options }: FollowedExitOptions,
): Promise<FollowedExit> {
  const held = new HeldOutputs({
    isHeld: () => !outputs.complete,
    // Where nobody wants an end, a listener may take its time.
    giveUp: () => {
      if (signal.aborted || !outputs.complete) outputs.giveUp();
    },
  });
  const onOverflow = () => {
    kill();
    held.killed();
  };
  const outputs = new FollowedOutputs(streams, { ...options, onOverflow });
  signal.addEventListener('abort', held.killed, { once: true });
  if (signal.aborted) held.killed();
  try {
    const report = await exitReport;
    const { exit, group, status } = report;
    // What is left in the pipes comes to memory, also while a listener is waited for.
    streams.finish();
    if (status.signal === 'SIGKILL') held.killed();
    held.exited(wallTime === undefined ? undefined : wallTime - usageOf(exit, group, times).wallMs);
    await outputs.ended;
    const { overflow, cut, outputs: made } = outputs;
    return { ...report, timeLimit: held.late ? 'wallTime' : report.timeLimit, overflow, cut, made };
  } finally {
    signal.removeEventListener('abort', held.killed);
    held.stop();
    outputs.giveUp();
  }
}

interface HoldableOutputs {
  readonly isHeld: () => boolean;
  readonly giveUp: () => void;
}

/**
 * Limits the wait for outputs after the exit. A process outside of the container may hold one open (it can get it
 * through a socket in a volume), so the wait ends soon where the caller wants an end.
 */
class HeldOutputs {
  readonly #outputs: HoldableOutputs;
  #killed = false;
  #exited = false;
  #late = false;
  #timer: NodeJS.Timeout | undefined;
  #wall: NodeJS.Timeout | undefined;

  constructor(outputs: HoldableOutputs) {
    this.#outputs = outputs;
  }

  /** True if the limit of time was met after the exit. */
  get late(): boolean {
    return this.#late;
  }

  /** The application was killed, or would be if it had not exited. */
  readonly killed = (): void => {
    this.#killed = true;
    this.#limitWait();
  };

  /** @param left rest of the limit of time, in ms; undefined: there is none */
  exited(left: number | undefined): void {
    this.#exited = true;
    this.#limitWait();
    if (left === undefined || this.#killed) return;
    const meet = () => {
      if (!this.#outputs.isHeld()) return;
      this.#late = true;
      this.killed();
    };
    // No time may be left. What the pipes have is read before an immediate.
    this.#wall = setTimeout(() => setImmediate(meet), Math.min(Math.max(left, 0), maxDelayMs));
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#wall);
  }

  readonly #end = (): void => {
    this.#timer = undefined;
    this.#outputs.giveUp();
  };

  #limitWait(): void {
    if (!this.#killed || !this.#exited) return;
    this.#timer ??= setTimeout(this.#end, heldMs);
  }
}
