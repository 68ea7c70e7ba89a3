import { encodePlan } from './encode.ts';
import type { Plan } from './types.ts';

/**
 * A plan as the launcher takes it. A start that goes well needs no more than its bytes: the plan itself is made when
 * somebody asks what failed, or how long each operation took.
 */
export interface EncodedPlan {
  readonly bytes: Uint8Array;
  readonly plan: Plan;
}

/** A plan that is there already, encoded. Throws as `encodePlan`. */
export function encoded(plan: Plan): EncodedPlan {
  return { bytes: encodePlan(plan), plan };
}

/** Bytes that were made in another way, and how the plan would be. Pure is what `make` has to be. */
export function encodedAs(bytes: Uint8Array, make: () => Plan): EncodedPlan {
  return new MadeLater(bytes, make);
}

class MadeLater implements EncodedPlan {
  readonly #make: () => Plan;
  #plan: Plan | undefined;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, make: () => Plan) {
    this.bytes = bytes;
    this.#make = make;
  }

  get plan(): Plan {
    this.#plan ??= this.#make();
    return this.#plan;
  }
}
