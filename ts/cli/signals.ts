import type { SignalSource } from './io.ts';

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

export interface Killable {
  kill(signal: NodeJS.Signals): unknown;
}

export interface Forwarding {
  /** Ends the start, where a signal came before there was a process to send it to. */
  readonly aborted: AbortSignal;
  /** From now on signals go to the application. */
  to(running: Killable): void;
  stop(): void;
}

/**
 * Signals sent to orlop are meant for the application. PID 1 ignores those that it has no handler for, so that Ctrl-C
 * may do nothing: the third one kills.
 */
export function forwardSignals(source: SignalSource): Forwarding {
  const controller = new AbortController();
  let target: Killable | undefined;
  let interrupts = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT') interrupts++;
    if (target !== undefined) target.kill(interrupts >= 3 ? 'SIGKILL' : signal);
    else if (signal !== 'SIGUSR1' && signal !== 'SIGUSR2') controller.abort();
  };
  for (const signal of forwarded) source.on(signal, onSignal);
  return {
    aborted: controller.signal,
    to: (running) => {
      target = running;
    },
    stop: () => {
      for (const signal of forwarded) source.off(signal, onSignal);
    },
  };
}
