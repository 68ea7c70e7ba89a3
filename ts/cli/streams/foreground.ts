import type { Container } from '../../api/types.ts';
import { heeds } from '../../linux/proc.ts';
import type { Io } from '../io.ts';
import { tell } from '../output/report.ts';
import { forwardSignals } from './signals.ts';
import { passOn, streamsFor } from './streams.ts';
import type { TraceFile } from './trace-file.ts';

/** For the help of those commands that run something in the foreground. */
export const signalNotes = `Signals go to the application. It is PID 1, so those that it has no handler for do nothing;
the third Ctrl-C kills it.`;

export interface ForegroundOptions {
  readonly interactive: boolean;
  /** Called when the container could not be started, before the error is passed on. */
  readonly refused?: (() => Promise<void>) | undefined;
  readonly trace?: TraceFile | undefined;
}

/** Starts a container with the caller's standard streams and waits for its end. Resolves to the exit status. */
export async function runInForeground(io: Io, container: Container, options: ForegroundOptions): Promise<number> {
  const signals = forwardSignals(io.signals, ({ pid }) => tellOfDeafness(io, pid));
  try {
    const { outlets, ...streams } = await streamsFor(io, options.interactive);
    const running = await container.start({ ...streams, signal: signals.aborted }).catch(async (error: unknown) => {
      for (const outlet of outlets) outlet.abandon();
      await options.refused?.();
      throw error;
    });
    signals.to(running);
    // A full disk must not end the application: the failure is told when it has ended.
    const traced = options.trace?.write(running).catch((error: unknown) => ({ error }));
    await passOn(io, running, outlets);
    const { exitCode } = await running.exited;
    const failure = await traced;
    if (failure !== undefined) throw failure.error;
    return exitCode;
  } finally {
    signals.stop();
  }
}

const sigint = 2;

/** Whoever types Ctrl-C and sees nothing happen must not believe that orlop hangs. */
function tellOfDeafness(io: Io, pid: number): void {
  if (!io.isTerminal(0) || heeds(pid, sigint)) return;
  tell(io, {
    message: 'Ctrl-C does nothing: the application is PID 1 of its container, and has no handler for it',
    hint: 'the third one kills it',
  });
}
