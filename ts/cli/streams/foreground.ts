import type { Container, Limit } from '../../api/types.ts';
import { heeds } from '../../linux/proc.ts';
import type { Io } from '../io.ts';
import { notify } from '../output/report.ts';
import type { WriteFile } from './early-file.ts';
import { forwardSignals } from './signals.ts';
import { passOn, streamsFor } from './streams.ts';
import type { TraceFile } from './trace-file.ts';

/** Help of the commands that run an application in the foreground. */
export const signalNotes =
  'Signals go to the application. It is PID 1, but for --pid host, so those that it has no handler for do nothing; the third Ctrl-C kills it.';

export interface ForegroundOptions {
  readonly interactive: boolean;
  /** PID 1 of a PID namespace alone ignores signals that it has no handler for. */
  readonly isPid1: boolean;
  /** Called after a failed start, before the error is thrown. */
  readonly refused?: (() => Promise<void>) | undefined;
  readonly trace?: TraceFile | undefined;
  /** Takes the report of the exit. */
  readonly report?: WriteFile | undefined;
}

/** Starts a container with the caller's standard streams and waits for its exit. Resolves to the exit status. */
export async function runInForeground(
  io: Io,
  container: Pick<Container, 'start'>,
  options: ForegroundOptions,
): Promise<number> {
  const signals = forwardSignals(io.signals, ({ pid }) => {
    if (options.isPid1) notifyOfIgnoredInterrupt(io, pid);
  });
  try {
    const { outlets, ...streams } = await streamsFor(io, options.interactive);
    const running = await container.start({ ...streams, signal: signals.aborted }).catch(async (error: unknown) => {
      for (const outlet of outlets) outlet.abandon();
      await options.refused?.();
      throw error;
    });
    signals.to(running);
    // A full disk must not end the application: report the failure after its exit.
    const traced = options.trace?.write(running).catch((error: unknown) => ({ error }));
    await passOn(io, running, outlets);
    const ended = await running.exited;
    const failure = await traced;
    if (failure !== undefined) throw failure.error;
    const { exitCode, limit } = ended;
    if (exitCode !== 0) notifyOfLimit(io, limit);
    await options.report?.(`${JSON.stringify({ ...ended, timedOut: ended.timedOut === true })}\n`);
    return exitCode;
  } finally {
    signals.stop();
  }
}

/** Explains an exit that a limit may have caused: the application knows of no limit. */
function notifyOfLimit(io: Io, limit: Limit | null): void {
  if (limit === 'memory') {
    const message = 'the kernel ended a process of the container, whose memory was at its limit';
    notify(io, { message, hint: 'raise --memory' });
  }
  if (limit === 'pids') {
    const message = 'the kernel refused a process to the container, which had as many as its limit allows';
    notify(io, { message, hint: 'raise --pids-limit' });
  }
}

const sigint = 2;

/** Explains a Ctrl-C without effect, so that orlop does not seem to hang. */
function notifyOfIgnoredInterrupt(io: Io, pid: number): void {
  if (!io.isTerminal(0) || heeds(pid, sigint)) return;
  notify(io, {
    message: 'Ctrl-C does nothing: the application is PID 1 of its container, and has no handler for it',
    hint: 'the third one kills it',
  });
}
