import type { Readable } from 'node:stream';
import type { CommandRuntime } from '../api/command-runtime.ts';
import type { OpenOptions } from '../api/types.ts';
import type { DeviceHolder } from '../cgroups/device-filter.ts';
import type { Relay } from '../native/contract.ts';
import type { Rights } from '../native/rights.ts';
import type { Tried } from './doctor/trials.ts';

/** The parts of the process that a command uses. Tests replace them. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Called only by commands that read an answer: opening standard input slows a start. */
  stdin(): Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True if the descriptor is a terminal. */
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Columns of the terminal on standard output or error; undefined without one. */
  columns(descriptor: 1 | 2): number | undefined;
  descriptor(number: 0 | 1 | 2): DescriptorFacts;
  /** Opens a pipe to a descriptor of the caller, for an application that must not get that descriptor itself. */
  outlet(number: 1 | 2): Promise<Outlet>;
  now(): Date;
  readonly signals: SignalSource;
  /** Ends the program by the signal's default action. */
  endBy(signal: NodeJS.Signals): void;
  open(options: OpenOptions): Promise<CommandRuntime>;
  loadAddon(): Promise<Addon>;
}

/** What doctor asks of the addon. */
export interface Addon {
  readonly file: string;
  readonly rights: Rights;
  features(): number;
  /** Where filters of devices are set, or why they cannot be. */
  deviceHolder(): DeviceHolder;
  /** Tries the parts of a start; see `tryParts` of doctor. */
  tryParts(parent: string): Promise<Tried>;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

export interface Outlet {
  /** Write end of the pipe, for the application. */
  readonly descriptor: number;
  /** Starts copying, after the application has received its end. Ends when the last writer has closed the pipe. */
  passOn(): Relay;
  /** Closes the pipe after a failed start. */
  abandon(): void;
}

export interface Output {
  write(content: string | Uint8Array): unknown;
}

export interface DescriptorFacts {
  /** True if an application can only read or write it: a pipe, a socket, the null device. */
  readonly shareable: boolean;
  /** Identity of the file: equal texts for the same file. */
  readonly file: string;
}
