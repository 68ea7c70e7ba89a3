import type { Native } from '../native/contract.ts';

/**
 * The features that a start may use: what the kernel has, masked by `ORLOP_FEATURES`, a number that the tests set to
 * run every fallback (`0` turns all of them off).
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

/** A kernel does not change. */
const known = new WeakMap<Native, number>();
