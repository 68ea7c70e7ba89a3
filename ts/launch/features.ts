import type { Native } from '../native/contract.ts';

/**
 * Kernel features that a start may use, masked by the number `ORLOP_FEATURES`. Tests set it to run every fallback; `0`
 * turns all features off.
 */
export function features(native: Native, mask = process.env.ORLOP_FEATURES): number {
  let probed = known.get(native);
  if (probed === undefined) {
    probed = native.features();
    known.set(native, probed);
  }
  if (mask === undefined || mask === '') return probed;
  return probed & Number(mask);
}

/** Probed features. The kernel's do not change. */
const known = new WeakMap<Native, number>();
