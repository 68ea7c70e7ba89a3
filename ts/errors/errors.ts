import type { ErrorCode } from './catalogue.ts';
import { printable } from './printable.ts';
import type { Usage } from './usage.ts';

export interface ErrorOptions {
  /** Suggested action: one clause, lower case, no full stop. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error that the caller can fix, found before the kernel was asked. The message has the action, its object, and the
 * cause.
 *
 * @example
 * const refused = orlop.run('host', ['true'], { volumes: ['data:test'] });
 * await refused.catch((error) => {
 *   if (error instanceof RequestError) console.log(error.code, error.hint); // → ORLOP_E_TARGET write '/test'
 * });
 */
export class RequestError extends Error {
  /** Identifies the class if `instanceof` cannot, with two copies of the package. */
  override readonly name = 'RequestError';
  /** Code of the error in the catalogue. */
  readonly code: ErrorCode;
  /** Suggested action; undefined if there is none. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : printable(options.hint);
  }
}

/** What an application had done when its run was ended. */
export interface RunFacts {
  /** 128 + 9, for SIGKILL; or the status of an application that ended by itself just before. */
  readonly exitCode: number;
  /** Signal that killed the application: `SIGKILL`; null if it ended by itself just before. */
  readonly signal: NodeJS.Signals | null;
  /** Standard output up to the end, as a result has it: text, bytes or lines. */
  readonly stdout: string | Buffer | string[];
  /** Standard error up to the end, as a result has it: text, bytes or lines. */
  readonly stderr: string | Buffer | string[];
  /** Both outputs up to the end, in the order in which they were written; only of a run with `all`. */
  readonly all?: string | Buffer | string[] | undefined;
  /** What the application used. */
  readonly usage: Usage;
  /** True if the kernel ended a process of the container because memory was at its limit. */
  readonly oomKilled: boolean;
}

/**
 * The end of a run by its time-out, its AbortSignal, too much output, or an input that fails: ORLOP_E_TIMEOUT,
 * ORLOP_E_ABORTED, ORLOP_E_BUFFER, ORLOP_E_INPUT. A run that was ended before its application began, or whose
 * application hangs in the kernel, has a RequestError with the same code.
 *
 * @example
 * const ended = orlop.run('host', ['sh', '-c', 'echo begun; sleep 60'], { timeout: 2000 });
 * await ended.catch((error) => {
 *   if (error instanceof RunError) console.log(error.code, error.stdout.toString().trim()); // → ORLOP_E_TIMEOUT begun
 * });
 */
export class RunError extends RequestError implements RunFacts {
  /** 128 + 9, for SIGKILL; or the status of an application that ended by itself just before. */
  readonly exitCode: number;
  /** Signal that killed the application: `SIGKILL`; null if it ended by itself just before. */
  readonly signal: NodeJS.Signals | null;
  /** Standard output up to the end, as a result has it: text, bytes or lines. */
  readonly stdout: string | Buffer | string[];
  /** Standard error up to the end, as a result has it: text, bytes or lines. */
  readonly stderr: string | Buffer | string[];
  /** Both outputs up to the end, in the order in which they were written; undefined unless the run had `all`. */
  readonly all: string | Buffer | string[] | undefined;
  /** What the application used. */
  readonly usage: Usage;
  /** True if the kernel ended a process of the container because memory was at its limit. */
  readonly oomKilled: boolean;

  constructor(code: ErrorCode, message: string, facts: RunFacts, options: ErrorOptions = {}) {
    super(code, message, options);
    this.exitCode = facts.exitCode;
    this.signal = facts.signal;
    this.stdout = facts.stdout;
    this.stderr = facts.stderr;
    this.all = facts.all;
    this.usage = facts.usage;
    this.oomKilled = facts.oomKilled;
  }
}

export interface LaunchFacts {
  /** Name of the errno, as in Node: `EACCES`. */
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** Operation of the plan that failed. */
  readonly step: string;
  readonly path?: string | undefined;
  readonly dest?: string | undefined;
  readonly hint?: string | undefined;
  /** Purpose of the operation in the plan: `volume data`. */
  readonly reason?: string | undefined;
  /** 126 if the application cannot be executed, 127 if it was not found, otherwise 125. */
  readonly exitCode: number;
}

/**
 * A refusal of the kernel. The message has the form of Node's system errors: `CODE: text, syscall 'path' -> 'dest'`.
 *
 * @example
 * const refused = orlop.run('host', ['/bin/none']);
 * await refused.catch((error) => {
 *   if (error instanceof LaunchError) console.log(error.code, error.step, error.exitCode); // → ENOENT exec 127
 * });
 */
export class LaunchError extends Error implements LaunchFacts {
  /** Identifies the class if `instanceof` cannot, with two copies of the package. */
  override readonly name = 'LaunchError';
  /** Name of the errno, as in Node: `EACCES`; errno(3). */
  readonly code: string;
  /** Number of the errno. */
  readonly errno: number;
  /** Name of the system call that failed: `openat2`. */
  readonly syscall: string;
  /** Operation of the plan that failed. */
  readonly step: string;
  /** Path that the operation failed on: on the host or in the container, depending on `step`. */
  readonly path: string | undefined;
  /** Destination of the operation: a path in the container. */
  readonly dest: string | undefined;
  /** Suggested action; undefined if there is none. */
  readonly hint: string | undefined;
  /** Purpose of the operation in the plan: `volume data`. */
  readonly reason: string | undefined;
  /** 126 if the application cannot be executed, 127 if it was not found, otherwise 125. */
  readonly exitCode: number;

  constructor(message: string, facts: LaunchFacts) {
    super(printable(message));
    this.code = facts.code;
    this.errno = facts.errno;
    this.syscall = facts.syscall;
    this.step = facts.step;
    this.path = facts.path;
    this.dest = facts.dest;
    this.hint = facts.hint === undefined ? undefined : printable(facts.hint);
    this.reason = facts.reason;
    this.exitCode = facts.exitCode;
  }
}
