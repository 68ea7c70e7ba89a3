import fc from 'fast-check';
import { shapeOf } from '../../ts/plan/format.ts';
import { type FieldKind, type OpName, ops } from '../../ts/plan/ops.ts';
import type { Namespace, Op, Plan } from '../../ts/plan/types.ts';

const slots = 40;
const names = Object.keys(ops) as OpName[];
const namespaces: Namespace[] = ['mount', 'cgroup', 'uts', 'ipc', 'user', 'pid', 'network'];

/** Any text that a plan may hold. */
export const planText = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !value.includes('\0'));

/** Any plan of the binary form, with operations in random order. */
export function anyPlan(text: fc.Arbitrary<string> = planText): fc.Arbitrary<Plan> {
  const anyOp = opOf(text);
  return fc.record({
    strategy: fc.constantFrom<Plan['strategy']>('in-child', 'opener'),
    namespaces: fc.subarray(namespaces),
    supplied: fc
      .constantFrom<Plan['supplied'][]>([], ['stdin', 'stdout', 'stderr'], ['gate'])
      .map((list) => list as never),
    slots: fc.constant(slots),
    prepare: fc.array(anyOp, { maxLength: 12 }),
    enter: fc.array(anyOp, { maxLength: 12 }),
  });
}

function opOf(text: fc.Arbitrary<string>): fc.Arbitrary<Op> {
  const values: Record<FieldKind, fc.Arbitrary<unknown>> = {
    out: fc.option(fc.integer({ min: 0, max: slots - 1 })),
    slot: fc.option(fc.integer({ min: 0, max: slots - 1 })),
    u32: fc.integer({ min: 0, max: 0xffff_ffff }),
    u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    string: text,
    blob: fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes)),
    strings: fc.array(text, { maxLength: 5 }),
    numbers: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 5 }),
  };
  return fc.constantFrom(...names).chain((name) =>
    fc
      .record({
        reason: fc.string({ maxLength: 10 }),
        ...Object.fromEntries(shapeOf(name).fields.map(([field, kind]) => [field, values[kind]])),
      })
      .map((fields) => ({ op: name, ...fields }) as unknown as Op),
  );
}
