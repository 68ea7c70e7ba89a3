import type { Phase } from './types.ts';

/** Something that a start spent time on. */
export interface Step {
  readonly phase: Phase;
  /** Name of the operation, or of what the caller's side does around them. */
  readonly name: string;
  /** Why, or for what: `volume data`. */
  readonly reason: string;
  readonly thread: 'javascript' | 'launcher' | 'init';
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly from: number;
  readonly to: number;
}
