import type { NativeCommand } from '../native/contract.ts';
import { decodePlan } from './decode.ts';
import { type EncodedPlan, encodePlan } from './encode.ts';
import type { Values } from './holes.ts';
import type { Plan } from './types.ts';

/** Reasons and names of a plan, which are not in its binary form. */
interface Words {
  readonly supplied: Plan['supplied'];
  readonly reasons: readonly string[];
}

/** A plan in its binary form, as it is launched. The plan that people see is read back from these bytes. */
export class BinaryPlan {
  readonly encoded: EncodedPlan;
  readonly #words: Words;

  /** Throws as `encodePlan`. */
  constructor(plan: Plan) {
    this.encoded = encodePlan(plan);
    this.#words = { supplied: plan.supplied, reasons: [...plan.prepare, ...plan.enter].map(({ reason }) => reason) };
  }

  /** The plan with filled holes, and with the command of the launch. */
  read(values: Values = [], command?: NativeCommand): Plan {
    const { bytes, holes } = this.encoded;
    const filled = Buffer.from(bytes);
    for (let index = 0; index < holes.length; index += 3) {
      const [offset = 0, length = 0, number = 0] = holes.slice(index, index + 3);
      filled.write(values[number] ?? '', offset, length, 'latin1');
    }
    const { strategy, namespaces, slots, prepare, enter } = decodePlan(filled);
    const { supplied, reasons } = this.#words;
    const withReason = (first: number) => (op: Plan['enter'][number], index: number) => ({
      ...op,
      ...(op.op === 'exec' ? command : {}),
      reason: reasons[first + index] ?? '',
    });
    return {
      strategy,
      namespaces,
      supplied,
      slots,
      prepare: prepare.map(withReason(0)),
      enter: enter.map(withReason(prepare.length)),
    };
  }
}
