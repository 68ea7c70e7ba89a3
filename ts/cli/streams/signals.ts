import { lightAbort } from '../../api/light-abort.ts';
import type { SignalSource } from '../io.ts';

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

export interface Killable {
  readonly pid: number;
  kill(signal: NodeJS.Signals): unknown;
}

export interface Forwarding {
  /** Aborts a start that continues after a signal: there is no process yet to send the signal to. */
  readonly aborted: AbortSignal;
  /** Sends the signals kept so far, and all later ones, to the application. */
  to(running: Killable): void;
  stop(): void;
}

/** Time a start may continue after a signal that should end it, in ms. */
const abortDelayMs = 1000;

/**
 * Forwards signals from orlop to the application. PID 1 ignores signals without a handler, so that Ctrl-C may do
 * nothing: the third one kills.
 *
 * The application runs for a moment before orlop knows that the start succeeded. A signal in that moment is kept,
 * because aborting the start would kill an application that handles the signal.
 *
 * @param interrupted called once, before the first Ctrl-C goes to the application
 */
export function forwardSignals(source: SignalSource, interrupted: (running: Killable) => void): Forwarding {
  const { signal: aborted, abort } = lightAbort();
  const early: NodeJS.Signals[] = [];
  let timer: NodeJS.Timeout | undefined;
  let target: Killable | undefined;
  let interrupts = 0;
  const send = (running: Killable, signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && ++interrupts === 1) interrupted(running);
    running.kill(interrupts >= 3 ? 'SIGKILL' : signal);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (target !== undefined) {
      send(target, signal);
      return;
    }
    early.push(signal);
    if (signal === 'SIGUSR1' || signal === 'SIGUSR2') return;
    if (timer !== undefined) abort(new Error(signal));
    timer ??= setTimeout(() => abort(new Error(signal)), abortDelayMs);
  };
  for (const signal of forwarded) source.on(signal, onSignal);
  return {
    aborted,
    to: (running) => {
      if (timer !== undefined) clearTimeout(timer);
      target = running;
      for (const signal of early) send(running, signal);
    },
    stop: () => {
      if (timer !== undefined) clearTimeout(timer);
      for (const signal of forwarded) source.off(signal, onSignal);
    },
  };
}
