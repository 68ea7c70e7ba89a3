import type { Change } from '../native/contract.ts';

/** What a step of resolving found, with the checks under which it holds. */
export interface Checked<Value> {
  readonly value: Value;
  /** The launching thread makes them before it goes by the value. */
  readonly checks: readonly Change[];
  /** Where the checks hold, the step would find the same again. False: the next start has to look for itself. */
  readonly repeatable: boolean;
}
