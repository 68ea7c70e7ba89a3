/**
 * Part of a start. `program`: the command itself begins, in a trace of `orlop run`. `create`: the container is made.
 * `call`: JavaScript prepares the start. `launch`: the kernel makes the process. `prepare` and `enter`: the operations
 * of the plan, the last of which executes the application; with an opener, those of `prepare` come before the process.
 * `after`: work before the caller continues, while the application runs.
 */
export type Phase = 'program' | 'create' | 'call' | 'launch' | 'prepare' | 'enter' | 'after';

/** A step of a start with its time. */
export interface StepTime {
  /** Part of the start. */
  readonly phase: Phase;
  /** Name of the operation of the plan, or of the work around the operations: `image`, `resolve`, `queue`, `clone`. */
  readonly step: string;
  /** Purpose of the step: `volume data`. */
  readonly reason: string;
  /**
   * Microseconds since the call of `run` or `start`. Negative for the steps of an earlier `create`, which the first
   * start of its handle includes.
   */
  readonly startUs: number;
  /** Duration in microseconds. */
  readonly durationUs: number;
}

/**
 * Times of a start.
 *
 * @example
 * const { timings } = await orlop.run('host', ['true']);
 * const slowest = timings.steps.reduce((a, b) => (a.durationUs > b.durationUs ? a : b));
 */
export interface Timings {
  /** Microseconds from the call to the clone; in a pool, until the waiting container received its application. */
  readonly clonedUs: number;
  /**
   * Microseconds from the call to the application's first instruction, as the launching thread noticed it: later on a
   * busy machine.
   */
  readonly startedUs: number;
  /** Steps in the order in which they began, each at the end of an earlier one. The last ones come after the start. */
  readonly steps: readonly StepTime[];
}

/** An event of the Trace Event Format. */
export interface TraceEvent {
  /** Name of the step; `process_name` or `thread_name` if the event names a process or a thread. */
  readonly name: string;
  /** Phase of the step; `start` for the whole start. */
  readonly cat: string;
  /** 'X' for a step, 'M' for the name of a process or a thread. */
  readonly ph: 'X' | 'M';
  /** Start time, CLOCK_MONOTONIC in microseconds. */
  readonly ts: number;
  /** Duration in microseconds; absent for a name. */
  readonly dur?: number;
  /** Process ID of the caller or of the container init process. */
  readonly pid: number;
  /** Thread ID; the addon's thread has a made-up one. */
  readonly tid: number;
  /** Details: `reason`, and `does` as a description. */
  readonly args: Readonly<Record<string, string>>;
}

/** A Chrome trace of a start. */
export interface Trace {
  /** Names first, then the steps in the order in which they began. Steps of one thread nest. */
  readonly traceEvents: readonly TraceEvent[];
  /** Unit of times in Perfetto. */
  readonly displayTimeUnit: 'ns';
  /** Container of the start. `orlop trace` requires these fields. */
  readonly otherData: Readonly<Record<string, string>>;
}
