import type { Phase } from './types.ts';

/** A step of a start. */
export interface Step {
  readonly phase: Phase;
  /** Name of the operation, or of the caller's work around the operations. */
  readonly name: string;
  /** Purpose of the step: `volume data`. */
  readonly reason: string;
  readonly thread: 'javascript' | 'launcher' | 'init';
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly from: number;
  readonly to: number;
}
