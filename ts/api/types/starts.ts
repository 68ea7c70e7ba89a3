import type { Readable, Writable } from 'node:stream';
import type { Timings, Trace } from '../../trace/types.ts';

/**
 * Where a standard stream leads: that of the caller, a pipe, /dev/null, or a descriptor (which the caller closes).
 *
 * Root in a container can do more with a descriptor than the caller may have meant: it can open the file again for
 * reading and writing, and change its mode and owner; of a terminal it can read what is typed. Give a pipe to what is
 * not trusted.
 */
export type Stdio = 'inherit' | 'pipe' | 'ignore' | number;

/** How the application of a container is started. */
export interface StartOptions {
  /** Default 'ignore'. */
  readonly stdin?: Stdio | undefined;
  /** Default 'pipe'. */
  readonly stdout?: Stdio | undefined;
  /** Default 'pipe'. 'stdout': the same as stdout, so that what is written to both keeps its order. */
  readonly stderr?: Stdio | 'stdout' | undefined;
  /** Ends the start, or the running container with SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the container is killed. */
  readonly timeout?: number | undefined;
}

/** How an application ended. */
export interface ExitStatus {
  /** Exit status of the application; 128 + n when signal n ended it. */
  readonly exitCode: number;
  /** `SIGKILL`, or null. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * An application that was started.
 *
 * @example
 * const container = await orlop.create('host', ['sh', '-c', 'read line; echo "got $line"'], { rm: true });
 * const running = await container.start({ stdin: 'pipe', stdout: 'inherit' });
 * running.stdin?.end('a line\n'); // → got a line
 * console.log((await running.exited).exitCode); // → 0
 */
export interface Running {
  /** Process ID of the application as the host sees it. */
  readonly pid: number;
  /** Resolves when the application has ended and the end is recorded; with `rm`, when all is removed. */
  readonly exited: Promise<ExitStatus>;
  /**
   * Sends a signal, SIGTERM by default; false when the application has ended. PID 1 gets no signal that it does not
   * handle, except SIGKILL and SIGSTOP: pid_namespaces(7).
   *
   * @throws RequestError ORLOP_E_INPUT when there is no such signal
   */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** Where the time of the start went. */
  readonly timings: Timings;
  /**
   * The same as a Chrome trace, to be written as JSON: `orlop trace` reads it, and Perfetto.
   *
   * @example
   * import { writeFileSync } from 'node:fs';
   * const container = await orlop.create('host', ['true'], { rm: true });
   * const running = await container.start();
   * writeFileSync('start.json', JSON.stringify(running.trace()));
   */
  trace(): Trace;
  /** null unless 'pipe'. */
  readonly stdin: Writable | null;
  /** null unless 'pipe'. */
  readonly stdout: Readable | null;
  /** null unless 'pipe'. */
  readonly stderr: Readable | null;
}

/** What came of a command that was run to its end. */
export interface RunResult extends ExitStatus {
  /** What it wrote to its standard output, as UTF-8. */
  readonly stdout: string;
  /** What it wrote to its standard error, as UTF-8. */
  readonly stderr: string;
  /** Where the time of the start went. */
  readonly timings: Timings;
  /** The container; it is gone, unless `rm` was false. */
  readonly container: {
    /** 64 hexadecimal digits. */
    readonly id: string;
    /** The name that was asked for, or one that was made up. */
    readonly name: string;
  };
}

/** How a command is run to its end. */
export interface RunInput extends Pick<StartOptions, 'signal' | 'timeout'> {
  /** What the application reads; nothing by default. */
  readonly input?: string | Uint8Array | undefined;
  /** Bytes that stdout and stderr may each hold; default 16 MiB, Infinity for no limit. */
  readonly maxBuffer?: number | undefined;
}
