import type { ErrorCode } from './catalogue.ts';

export interface ErrorOptions {
  /** What to do about it: one clause, lower case, no full stop. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The caller can fix it; the kernel was not asked. The message says what was tried, on what, and why it failed.
 *
 * @example
 * const refused = orlop.run('host', ['true'], { volumes: ['data:test'] });
 * await refused.catch((error) => {
 *   if (error instanceof RequestError) console.log(error.code, error.hint); // → ORLOP_E_TARGET write '/test'
 * });
 */
export class RequestError extends Error {
  /** Tells it from other errors where `instanceof` cannot: from another copy of the package. */
  override readonly name = 'RequestError';
  /** Which error it is; the catalogue has them all. */
  readonly code: ErrorCode;
  /** What to do about it; undefined where nobody knows. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
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
  /** Why the operation was in the plan: `volume data`. */
  readonly reason?: string | undefined;
  /** 126 or 127 where the application could not be executed or found, otherwise 125. */
  readonly exitCode: number;
}

/**
 * The kernel refused. Shaped like a system error of Node: `CODE: text, syscall 'path' -> 'dest'`.
 *
 * @example
 * const refused = orlop.run('host', ['/bin/none']);
 * await refused.catch((error) => {
 *   if (error instanceof LaunchError) console.log(error.code, error.step, error.exitCode); // → ENOENT exec 127
 * });
 */
export class LaunchError extends Error implements LaunchFacts {
  /** Tells it from other errors where `instanceof` cannot: from another copy of the package. */
  override readonly name = 'LaunchError';
  /** Name of the errno, as in Node: `EACCES`; errno(3). */
  readonly code: string;
  /** Its number. */
  readonly errno: number;
  /** Name of the system call that failed: `openat2`. */
  readonly syscall: string;
  /** Operation of the plan that failed. */
  readonly step: string;
  /** What it was about: a path of the host or of the container, as `step` has it. */
  readonly path: string | undefined;
  /** Where it was to appear: a path in the container. */
  readonly dest: string | undefined;
  /** What to do about it; undefined where nobody knows. */
  readonly hint: string | undefined;
  /** Why the operation was in the plan: `volume data`. */
  readonly reason: string | undefined;
  /** 126 or 127 where the application could not be executed or found, otherwise 125. */
  readonly exitCode: number;

  constructor(message: string, facts: LaunchFacts) {
    super(message);
    this.code = facts.code;
    this.errno = facts.errno;
    this.syscall = facts.syscall;
    this.step = facts.step;
    this.path = facts.path;
    this.dest = facts.dest;
    this.hint = facts.hint;
    this.reason = facts.reason;
    this.exitCode = facts.exitCode;
  }
}
