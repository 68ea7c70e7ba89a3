import type { Readable } from 'node:stream';
import type { CommandRuntime } from '../api/command-runtime.ts';
import type { OpenOptions } from '../api/types.ts';
import type { Relay } from '../native/contract.ts';

/** Everything a command may touch of the process it runs in, so that tests can stand in for it. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Asked for only by a command that reads an answer: touching it costs a start time. */
  stdin(): Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True when the descriptor is a terminal. */
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Columns of the terminal on standard output; undefined where it is none. */
  columns(): number | undefined;
  descriptor(number: 0 | 1 | 2): DescriptorFacts;
  /** Opens a way out to a descriptor of the caller, for an application that is not to have that itself. */
  outlet(number: 1 | 2): Promise<Outlet>;
  now(): Date;
  readonly signals: SignalSource;
  /** Ends the program as the signal does where nobody listens to it. */
  endBy(signal: NodeJS.Signals): void;
  open(options: OpenOptions): Promise<CommandRuntime>;
  loadAddon(): Promise<{ features(): number; readonly file: string }>;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

export interface Outlet {
  /** The end of a pipe that the application gets. */
  readonly descriptor: number;
  /** The application has it: passes on what it writes, until nobody has it any more. */
  passOn(): Relay;
  /** There was no start. */
  abandon(): void;
}

export interface Output {
  write(content: string | Uint8Array): unknown;
}

export interface DescriptorFacts {
  /** True for what an application can do no harm with beyond reading or writing it: a pipe, a socket, the null device. */
  readonly shareable: boolean;
  /** Which file it is: the same text for the same one. */
  readonly file: string;
}
