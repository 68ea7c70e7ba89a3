import type { Readable, Writable } from 'node:stream';
import type { LaunchError, Limit, RequestError, Usage } from '../../errors/index.ts';
import type { Timings, Trace } from '../../trace/types.ts';

/**
 * Target of a standard stream: the caller's stream, a pipe, /dev/null, or a descriptor (which the caller closes).
 *
 * A file is copied through a pipe, so that a container cannot open it again with other rights. The application shares
 * pipes, sockets and terminals: root in a container can read what is typed on a terminal. A directory, a disk and a
 * path that is not open (`O_PATH`) are refused.
 */
export type Stdio = 'inherit' | 'pipe' | 'ignore' | number;

/** Options of a start. */
export interface StartOptions {
  /** Standard input of the application; default 'ignore'. */
  readonly stdin?: Stdio | undefined;
  /** Standard output of the application; default 'pipe'. */
  readonly stdout?: Stdio | undefined;
  /** Standard error of the application; default 'pipe'. 'stdout' shares stdout, so that both keep their order. */
  readonly stderr?: Stdio | 'stdout' | undefined;
  /** Aborts the start, or kills the running container with SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the container is killed; default, and 0: no time-out. */
  readonly timeout?: number | undefined;
}

/** Exit of an application. */
export interface ExitStatus {
  /** Exit status of the application, 0 to 255; 128 + n after signal n. */
  readonly exitCode: number;
  /** Signal that killed the application, such as `SIGKILL`; null if it exited by itself. */
  readonly signal: NodeJS.Signals | null;
  /** True if the time-out of `start` killed the application, as this program knows; absent otherwise. */
  readonly timedOut?: true;
}

/** Exit of an application that this program started. */
export interface Ended extends ExitStatus {
  /** What the application used. */
  readonly usage: Usage;
  /** True if the kernel ended a process of the container because memory was at its limit. */
  readonly oomKilled: boolean;
  /** Limit that the container has met; null if it met none. */
  readonly limit: Limit | null;
}

/**
 * A started application.
 *
 * @example
 * const container = await orlop.create('host', ['sh', '-c', 'read line; echo "got $line"'], { rm: true });
 * const running = await container.start({ stdin: 'pipe', stdout: 'inherit' });
 * running.stdin?.end('a line\n'); // → got a line
 * console.log((await running.exited).exitCode); // → 0
 */
export interface Running extends AsyncDisposable {
  /** Process ID of the application as the host sees it. */
  readonly pid: number;
  /** Resolves when the application has exited and the exit is recorded; with `rm`, when the container is removed. */
  readonly exited: Promise<Ended>;
  /**
   * Sends a signal, SIGTERM by default; false if the application has exited. The kernel delivers only signals that PID
   * 1 handles, and SIGKILL and SIGSTOP: pid_namespaces(7).
   *
   * @throws RequestError ORLOP_E_INPUT if there is no such signal
   */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** Times of the steps of the start. */
  readonly timings: Timings;
  /**
   * The times of the start as a Chrome trace. Write it as JSON for `orlop trace` or Perfetto.
   *
   * @example
   * import { writeFileSync } from 'node:fs';
   * const container = await orlop.create('host', ['true'], { rm: true });
   * const running = await container.start();
   * writeFileSync('start.json', JSON.stringify(running.trace()));
   */
  trace(): Trace;
  /** Standard input of the application; null unless it is a pipe. */
  readonly stdin: Writable | null;
  /** Standard output of the application; null unless it is a pipe. */
  readonly stdout: Readable | null;
  /** Standard error of the application; null unless it is a pipe. */
  readonly stderr: Readable | null;
  /** Kills the application with SIGKILL, and waits for its exit: the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An output of a run: its text; with `encoding: 'buffer'` its bytes; with `lines: true` its lines. */
export type RunOutput = string | Buffer | string[];

/** Result of `run`. */
export interface RunResult<Output extends RunOutput = string> extends Ended {
  /** Standard output, decoded as UTF-8; with the encoding `buffer`, its bytes; with `lines`, its lines. */
  readonly stdout: Output;
  /** Standard error, decoded as UTF-8; with the encoding `buffer`, its bytes; with `lines`, its lines. */
  readonly stderr: Output;
  /** Times of the steps of the start. */
  readonly timings: Timings;
  /** The container. It is removed, unless `rm` was false. */
  readonly container: {
    /** 64 hexadecimal digits. */
    readonly id: string;
    /** The requested name, or a generated one. */
    readonly name: string;
  };
}

/** Outcome of `run` with `reject: false`: a result, or what is known of a run that failed. */
export interface RunOutcome<Output extends RunOutput = string> {
  /**
   * As of a result; 137 for a run that was ended, also before its application began. Otherwise, of an application that
   * never began: 126 if it cannot be executed, 127 if it was not found, else 125.
   */
  readonly exitCode: number;
  /** Signal that killed the application, such as `SIGKILL`; null if there was none, or if its end is not known. */
  readonly signal: NodeJS.Signals | null;
  /** Standard output up to the end. */
  readonly stdout: Output;
  /** Standard error up to the end. */
  readonly stderr: Output;
  /** What the application used; null if it never began, or if its output is not known. */
  readonly usage: Usage | null;
  /** True if the time-out ended the run. */
  readonly timedOut: boolean;
  /** True if the kernel ended a process of the container because memory was at its limit. */
  readonly oomKilled: boolean;
  /** Limit that ended the run, or that the container has met; null if there was none. */
  readonly limit: Limit | null;
  /** What `run` throws without `reject: false`; null for a result. */
  readonly error: RequestError | LaunchError | null;
  /** Times of the steps of the start; only of a result. */
  readonly timings?: Timings;
  /** The container; only of a result. */
  readonly container?: RunResult['container'];
}

/**
 * Standard input of a run: all of it, or a stream, a generator or another iterable of its parts. It is closed when the
 * run has failed, or when the application does not read it to its end; the request of an HTTP server with its socket.
 */
export type Input = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Options of `run`. `Reject` and `All` are the types of `reject` and `all`, as far as they are known when the program is
 * compiled.
 */
export interface RunInput<Reject extends boolean = true, All extends boolean = false>
  extends Pick<StartOptions, 'signal' | 'timeout'> {
  /** Standard input of the application; default: none. A stream or generator that fails ends the run. */
  readonly input?: Input | undefined;
  /**
   * Maximum bytes of stdout and of stderr, also with `lines`; default 16 MiB, Infinity for as many as a string or a
   * Buffer can hold.
   */
  readonly maxBuffer?: number | undefined;
  /** False: a run that fails gives a `RunOutcome` with its `error` instead of throwing. Default true. */
  readonly reject?: Reject | undefined;
  /** Encoding of the outputs: text, in which what is not UTF-8 is replaced; `BufferRunInput` has the other. */
  readonly encoding?: 'utf8' | undefined;
  /** True: the outputs are lists of lines; `LinesRunInput`. Default false. */
  readonly lines?: false | undefined;
  /**
   * True: the result has `all` too, stdout and stderr as one. They are two pipes, so what is written to both at almost
   * the same time may change places; the exact order is that of one pipe, of `sh -c 'command 2>&1'`. Default false.
   */
  readonly all?: All | undefined;
  /**
   * Called while the application runs, with each part of its standard output: whole characters; with `lines` a line
   * without its newline; with the encoding `buffer` bytes. It may be an async function: the next part comes when its
   * promise has resolved. The application waits while that takes long, once the pipe is full, and so does `run` for its
   * result, up to its time-out. What the function throws or rejects with kills the container, and `run` throws it, with
   * `reject: false` too.
   *
   * @example
   * const onStdout = (text: string) => process.stdout.write(text); // → 1
   *                                                                // → 2
   * await orlop.run('host', ['sh', '-c', 'echo 1; sleep 0.1; echo 2'], { onStdout });
   */
  readonly onStdout?: ((text: string) => unknown) | undefined;
  /** The same for standard error. */
  readonly onStderr?: ((text: string) => unknown) | undefined;
}

/** Options of `run` for outputs as lines. */
export interface LinesRunInput<Reject extends boolean = true, All extends boolean = false>
  extends Omit<RunInput<Reject, All>, 'lines'> {
  /**
   * The outputs are lists of lines, without their newlines (`\n` or `\r\n`); a last one may have none. In `all`, a line
   * has its place where it ended.
   */
  readonly lines: true;
}

/** Options of `run` for outputs as bytes. */
export interface BufferRunInput<Reject extends boolean = true, All extends boolean = false>
  extends Omit<RunInput<Reject, All>, 'encoding' | 'onStdout' | 'onStderr'> {
  /** The outputs are the bytes as they are. */
  readonly encoding: 'buffer';
  /** Called while the application runs, with each part of its standard output: `RunInput` says more. */
  readonly onStdout?: ((bytes: Buffer) => unknown) | undefined;
  /** The same for standard error. */
  readonly onStderr?: ((bytes: Buffer) => unknown) | undefined;
}

/**
 * What `run` gives: a result, or with `reject: false` an outcome; with a `boolean`, one of the two. With `all: true`, it
 * has `all`.
 */
export type Settled<
  Reject extends boolean,
  Output extends RunOutput = string,
  All extends boolean = false,
> = (Reject extends false ? RunOutcome<Output> : RunResult<Output>) & WithAll<All, Output>;

/** Both outputs as one, in the order in which they came: of a run with `all: true`. */
export type WithAll<All extends boolean, Output extends RunOutput = string> = All extends true
  ? {
      /** Both outputs, in the form of each. */
      readonly all: Output;
    }
  : unknown;
