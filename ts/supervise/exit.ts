import { knownSignal } from '../linux/signals.ts';
import type { Exit } from '../native/contract.ts';

/** Exit of an application, as a shell reports it. */
export interface ExitStatus {
  /** Status of the application, or 128 + n when signal n killed it. */
  readonly exitCode: number;
  /** Name of the signal that killed the application, such as `SIGKILL`; null when it exited. */
  readonly signal: NodeJS.Signals | null;
}

export function exitStatus(exit: Exit): ExitStatus {
  if (exit.signal === null) return { exitCode: exit.code ?? 255, signal: null };
  // A real-time signal has no name in Node; its number is in the exit code.
  return { exitCode: 128 + exit.signal, signal: knownSignal(exit.signal) ?? null };
}
