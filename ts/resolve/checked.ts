import type { Change } from '../native/contract.ts';

/** Value that a step of resolving found, with the checks under which it holds. */
export interface Checked<Value> {
  readonly value: Value;
  /** Checks that the launcher thread makes before it uses the value. */
  readonly checks: readonly Change[];
  /** True if the step would find the same value as long as the checks hold. False: the next start resolves it again. */
  readonly repeatable: boolean;
}
