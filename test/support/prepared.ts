import type { Native, NativePrepared, PrepareOptions } from '../../ts/native/contract.ts';
import { BinaryPlan } from '../../ts/plan/encoded.ts';
import type { Plan } from '../../ts/plan/types.ts';
import { fakeNative } from './fake-native.ts';

/** Arguments of `prepare`. */
export interface Given {
  readonly plan: Uint8Array;
  readonly options: PrepareOptions;
}

/** An addon that prepares everything and records the arguments. */
export class PreparingNative {
  readonly native: Native;
  readonly given: Given[] = [];
  readonly #of = new WeakMap<NativePrepared, Given>();

  constructor(overrides: Partial<Native> = {}) {
    this.native = fakeNative({
      features: () => 0xff,
      prepare: (plan, options) => {
        const prepared = {} as NativePrepared;
        const given = { plan, options };
        this.given.push(given);
        this.#of.set(prepared, given);
        return prepared;
      },
      ...overrides,
    });
  }

  /** Arguments that a prepared start was made from. */
  of(prepared: NativePrepared): Given {
    const given = this.#of.get(prepared);
    if (given === undefined) throw new Error('it was prepared elsewhere');
    return given;
  }
}

/** A plan read back from its binary form: namespaces in that order, texts as bytes. */
export function readBack(plan: Plan): Plan {
  return new BinaryPlan(plan).read();
}
