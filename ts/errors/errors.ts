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
 * throw new RequestError('ORLOP_E_TARGET', `volume target 'data' is not absolute`, { hint: `write '/data'` });
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: ErrorCode;
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
 * catch (error) { if (error instanceof LaunchError && error.code === 'ENOENT') … }
 */
export class LaunchError extends Error implements LaunchFacts {
  override readonly name = 'LaunchError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly step: string;
  readonly path: string | undefined;
  readonly dest: string | undefined;
  readonly hint: string | undefined;
  readonly reason: string | undefined;
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
