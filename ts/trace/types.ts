/**
 * Part of a start. `program`: the command itself begins, in a trace of `orlop run`. `create`: the container is made.
 * `call`: its start is prepared in JavaScript. `launch`: the kernel makes the process. `prepare` and `enter`: the
 * operations of the plan, the last of which executes the application; those of `prepare` come before the process where
 * an opener executes them. `after`: what is done before the caller goes on, while the application runs.
 */
export type Phase = 'program' | 'create' | 'call' | 'launch' | 'prepare' | 'enter' | 'after';

/** A step of a start, and its time. */
export interface StepTime {
  /** Which part of the start it belongs to. */
  readonly phase: Phase;
  /** Name of the operation of the plan, or of what is done around them: `image`, `resolve`, `queue`, `clone`. */
  readonly step: string;
  /** Why, or for what: `volume data`. */
  readonly reason: string;
  /**
   * Microseconds since the call of `run` or `start`. Negative for the making of a container that `create` made, which
   * the first start of its handle tells too.
   */
  readonly startUs: number;
  /** How long it took, in microseconds. */
  readonly durationUs: number;
}

/**
 * Where the time of a start went.
 *
 * @example
 * const { timings } = await orlop.run('host', ['true']);
 * const slowest = timings.steps.reduce((a, b) => (a.durationUs > b.durationUs ? a : b));
 */
export interface Timings {
  /** Microseconds from the call to the clone; in a pool, until the member was handed its application. */
  readonly clonedUs: number;
  /** Microseconds from the call to the application's first instruction. */
  readonly startedUs: number;
  /** In the order in which they began; each begins where one before it ended. The last ones are after the start. */
  readonly steps: readonly StepTime[];
}

/** An event of the Trace Event Format. */
export interface TraceEvent {
  /** Of the step; `process_name` or `thread_name` where the event names one. */
  readonly name: string;
  /** Phase of the step; `start` for the whole. */
  readonly cat: string;
  /** 'X' for a step, 'M' for the name of a process or a thread. */
  readonly ph: 'X' | 'M';
  /** When it began: microseconds of CLOCK_MONOTONIC. */
  readonly ts: number;
  /** How long it took, in microseconds; not for a name. */
  readonly dur?: number;
  /** Process: the caller, or the container init process. */
  readonly pid: number;
  /** Thread; that of the addon has a number of its own. */
  readonly tid: number;
  /** What else is known: `reason`, and `does` in words. */
  readonly args: Readonly<Record<string, string>>;
}

/** A Chrome trace of a start. */
export interface Trace {
  /** Names first, then the steps in the order in which they began. Those of one thread nest. */
  readonly traceEvents: readonly TraceEvent[];
  /** How Perfetto shows times. */
  readonly displayTimeUnit: 'ns';
  /** Says whose trace it is: `orlop trace` reads no other. */
  readonly otherData: Readonly<Record<string, string>>;
}
