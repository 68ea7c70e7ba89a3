import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../ts/errors/index.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { format, shapeOf, wordsOf } from '../../../ts/plan/format.ts';
import { type FieldKind, type OpName, ops } from '../../../ts/plan/ops.ts';
import type { Namespace, Op, Plan } from '../../../ts/plan/types.ts';

const slots = 40;
const names = Object.keys(ops) as OpName[];
const namespaces: Namespace[] = ['mount', 'cgroup', 'uts', 'ipc', 'user', 'pid', 'network'];

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !value.includes('\0'));

const valuesOf: Record<FieldKind, fc.Arbitrary<unknown>> = {
  out: fc.option(fc.integer({ min: 0, max: slots - 1 })),
  slot: fc.option(fc.integer({ min: 0, max: slots - 1 })),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  string: text,
  blob: fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes)),
  strings: fc.array(text, { maxLength: 5 }),
  numbers: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 5 }),
};

const anyOp: fc.Arbitrary<Op> = fc
  .constantFrom(...names)
  .chain((name) =>
    fc
      .record(Object.fromEntries(shapeOf(name).fields.map(([field, kind]) => [field, valuesOf[kind]])))
      .map((fields) => ({ op: name, reason: '', ...fields }) as unknown as Op),
  );

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  strategy: fc.constantFrom<Plan['strategy']>('in-child', 'opener'),
  namespaces: fc.subarray(namespaces),
  supplied: fc
    .constantFrom<Plan['supplied'][]>([], ['stdin', 'stdout', 'stderr'], ['gate'])
    .map((list) => list as never),
  slots: fc.constant(slots),
  prepare: fc.array(anyOp, { maxLength: 12 }),
  enter: fc.array(anyOp, { maxLength: 12 }),
});

function planOf(op: Op, size = 1): Plan {
  return { strategy: 'in-child', namespaces: ['mount'], supplied: [], slots: size, prepare: [], enter: [op] };
}

describe('binary form of a plan', () => {
  it('gives back what was written, for any plan', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const decoded = decodePlan(encodePlan(plan));
        expect(decoded.prepare).to.deep.equal(plan.prepare);
        expect(decoded.enter).to.deep.equal(plan.enter);
        expect(decoded.strategy).to.equal(plan.strategy);
        expect(decoded.namespaces).to.have.members(plan.namespaces);
        expect(decoded.supplied).to.equal(plan.supplied.length);
        expect(decoded.slots).to.equal(plan.slots);
      }),
    );
  });

  it('has room for the fields of every operation', () => {
    for (const name of names) {
      const words = shapeOf(name).fields.reduce((sum, [, kind]) => sum + wordsOf[kind], 0);
      expect(words, name).to.be.at.most(format.words);
    }
  });

  it('keeps an empty argument as an argument', () => {
    const plan = planOf({ op: 'exec', reason: '', candidates: ['/bin/sh'], argv: ['sh', '', ''], env: [] });
    expect(decodePlan(encodePlan(plan)).enter).to.deep.equal(plan.enter);
  });

  it('aligns a seccomp program so that the kernel can read it in place', () => {
    const bytes = encodePlan({
      ...planOf({ op: 'hostname', reason: '', name: 'abc' }),
      prepare: [{ op: 'seccomp', reason: '', program: new Uint8Array(16).fill(7) }],
    });
    const offset = new DataView(bytes.buffer, bytes.byteOffset).getUint32(format.headerSize + 4, true);
    expect(offset % 8).to.equal(0);
    expect(bytes[offset]).to.equal(7);
  });

  it('writes the header and the record that the executor reads', () => {
    const bytes = encodePlan(planOf({ op: 'umask', reason: '', mask: 0o22 }));
    const words = [...new Uint32Array(bytes.slice().buffer)];
    expect(words.slice(0, 10)).to.deep.equal([0x504c524f, 1, 80, 0, 1, 1, 0, 0x20000, 33, 0o22]);
  });

  it('refuses a string with a NUL', () => {
    expect(() => encodePlan(planOf({ op: 'hostname', reason: '', name: 'a\0b' })))
      .to.throw(RequestError)
      .with.property('code', 'ORLOP_E_INPUT');
  });

  it('refuses a slot outside the table and a number that does not fit', () => {
    expect(() => encodePlan(planOf({ op: 'root', reason: '', tree: 1, at: '/x' }))).to.throw(RangeError, 'root.tree');
    expect(() => encodePlan(planOf({ op: 'umask', reason: '', mask: 2 ** 32 }))).to.throw(RangeError, 'umask.mask');
    expect(() => encodePlan(planOf({ op: 'bounding', reason: '', set: 1n << 64n }))).to.throw(RangeError);
  });

  it('refuses a plan over the limits', () => {
    const long = planOf({ op: 'exec', reason: '', candidates: [], argv: ['x'.repeat(format.maxSize)], env: [] });
    expect(() => encodePlan(long)).to.throw(RequestError, 'larger than');
    const op: Op = { op: 'session', reason: '' };
    const many: Plan = { ...planOf(op), enter: new Array(format.maxOps + 1).fill(op) };
    expect(() => encodePlan(many)).to.throw(RequestError, 'operations');
  });
});
