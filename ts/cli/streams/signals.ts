import { lightAbort } from '../../api/light-abort.ts';
import type { SignalSource } from '../io.ts';

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

export interface Killable {
  readonly pid: number;
  kill(signal: NodeJS.Signals): unknown;
}

export interface Forwarding {
  /** Ends a start that lasts on, where a signal came before there was a process to send it to. */
  readonly aborted: AbortSignal;
  /** From now on signals go to the application, first those that came meanwhile. */
  to(running: Killable): void;
  stop(): void;
}

/** Milliseconds that a start may go on after a signal that is meant to end it: long for a start, short for a person. */
const patience = 1000;

/**
 * Signals sent to orlop are meant for the application. PID 1 ignores those that it has no handler for, so that Ctrl-C
 * may do nothing: the third one kills.
 *
 * @param interrupted is called once, before the first Ctrl-C goes to the application
 *
 * The application runs a moment before the start is known to have succeeded. A signal of that moment is kept for it;
 * ending the start at once would kill an application that had handled it.
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
    timer ??= setTimeout(() => abort(new Error(signal)), patience);
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
