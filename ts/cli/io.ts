import type { Readable } from 'node:stream';
import type { OpenOptions, OrlopRuntime } from '../api/types.ts';

/** Everything a command may touch of the process it runs in, so that tests can stand in for it. */
export interface Io {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Asked for only by a command that reads an answer: touching it costs a start time. */
  stdin(): Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True when the descriptor is a terminal. */
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  now(): Date;
  readonly signals: SignalSource;
  open(options: OpenOptions): Promise<OrlopRuntime>;
  loadAddon(): Promise<{ features(): number }>;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}
