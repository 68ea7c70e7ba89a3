import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../ts/errors/index.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { format, shapeOf } from '../../../ts/plan/format.ts';
import { hole } from '../../../ts/plan/holes.ts';
import { type OpName, ops } from '../../../ts/plan/ops.ts';
import type { Op, Plan } from '../../../ts/plan/types.ts';
import { anyPlan } from '../../support/any-plan.ts';

const names = Object.keys(ops) as OpName[];

function planOf(op: Op, size = 1): Plan {
  return { strategy: 'in-child', namespaces: ['mount'], supplied: [], slots: size, prepare: [], enter: [op] };
}

const withoutReason = (op: Op): Op => ({ ...op, reason: '' });

describe('binary form of a plan', () => {
  it('gives back what was written, for any plan', () => {
    fc.assert(
      fc.property(anyPlan(), (plan) => {
        const { bytes, holes } = encodePlan(plan);
        const decoded = decodePlan(bytes);
        expect(holes).to.deep.equal([]);
        expect(decoded.prepare).to.deep.equal(plan.prepare.map(withoutReason));
        expect(decoded.enter).to.deep.equal(plan.enter.map(withoutReason));
        expect(decoded.strategy).to.equal(plan.strategy);
        expect(decoded.namespaces).to.have.members(plan.namespaces);
        expect(decoded.supplied).to.equal(plan.supplied.length);
        expect(decoded.slots).to.equal(plan.slots);
      }),
    );
  });

  it('has room for the fields of every operation', () => {
    const wordsOf = { out: 1, slot: 1, u32: 1, u64: 2, string: 1, blob: 2, strings: 2, numbers: 2 };
    for (const name of names) {
      const words = shapeOf(name).fields.reduce((sum, [, kind]) => sum + wordsOf[kind], 0);
      expect(words, name).to.be.at.most(format.words);
    }
  });

  it('keeps an empty argument as an argument', () => {
    const plan = planOf({ op: 'exec', reason: '', candidates: ['/bin/sh'], argv: ['sh', '', ''], env: [] });
    expect(decodePlan(encodePlan(plan).bytes).enter).to.deep.equal(plan.enter);
  });

  it('aligns a seccomp program so that the kernel can read it in place', () => {
    for (const name of ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg']) {
      const { bytes } = encodePlan({
        ...planOf({ op: 'seccomp', reason: '', program: new Uint8Array(16).fill(7) }),
        prepare: [{ op: 'hostname', reason: '', name, optional: 0 }],
      });
      const record = format.headerSize + format.recordSize;
      const offset = new DataView(bytes.buffer, bytes.byteOffset).getUint32(record + 4, true);
      expect(offset % 8, name).to.equal(0);
      expect(bytes[offset], name).to.equal(7);
    }
  });

  it('writes the header and the record that the executor reads', () => {
    const { bytes } = encodePlan(planOf({ op: 'umask', reason: '', mask: 0o22 }));
    const words = [...new Uint32Array(bytes.slice().buffer)];
    expect(words.slice(0, 10)).to.deep.equal([0x504c524f, 1, 80, 0, 1, 1, 0, 0x20000, 33, 0o22]);
  });

  it('refuses a string with a NUL', () => {
    for (const name of ['a\0b', '\0', `${hole.id}\0`]) {
      expect(() => encodePlan(planOf({ op: 'hostname', reason: '', name, optional: 0 })))
        .to.throw(RequestError)
        .with.property('code', 'ORLOP_E_INPUT');
    }
  });

  it('has room where a text has a hole, in strings, lists and blobs, and says where', () => {
    const [id, short] = ['i'.repeat(64), 's'.repeat(12)];
    const { bytes, holes } = encodePlan({
      ...planOf({ op: 'hostname', reason: '', name: hole.shortId, optional: 0 }),
      prepare: [
        { op: 'exec', reason: '', candidates: [], argv: [`/ä/${hole.id}`, 'none', hole.shortId], env: [] },
        { op: 'file', reason: '', mount: 0, name: 'f', mode: 0o644, content: `${hole.shortId} ${hole.id}\n`, file: 0 },
      ],
    });
    expect(holes.filter((_, index) => index % 3 === 2).sort()).to.deep.equal([0, 0, 1, 1]);
    const filled = Buffer.from(bytes);
    for (let at = 0; at < holes.length; at += 3) {
      const [offset = 0, length = 0, number = 0] = holes.slice(at, at + 3);
      expect(filled.toString('latin1', offset, offset + length)).to.equal('0'.repeat(length));
      filled.write([id, short][number] ?? '', offset, 'latin1');
    }
    const { prepare, enter } = decodePlan(filled);
    const [exec, file] = prepare;
    expect(exec).to.deep.include({ argv: [`/ä/${id}`, 'none', short] });
    expect(file).to.deep.include({ content: new TextEncoder().encode(`${short} ${id}\n`) });
    expect(enter[0]).to.include({ name: short });
  });

  it('refuses a hole whose values differ in length: that is a mistake in the plan’s maker', () => {
    expect(() => encodePlan(planOf({ op: 'hostname', reason: '', name: hole.name, optional: 0 }))).to.throw(
      RangeError,
      'hostname',
    );
  });

  it('refuses a slot outside the table and a number that does not fit', () => {
    expect(() => encodePlan(planOf({ op: 'root', reason: '', mount: 1, at: '/x' }))).to.throw(RangeError, 'root.mount');
    expect(() => encodePlan(planOf({ op: 'umask', reason: '', mask: 2 ** 32 }))).to.throw(RangeError, 'umask.mask');
    for (const set of [1n << 64n, -1n]) {
      expect(() => encodePlan(planOf({ op: 'bounding', reason: '', set }))).to.throw(RangeError, 'bounding.set');
    }
  });

  it('refuses a plan over the limits', () => {
    const long = planOf({ op: 'exec', reason: '', candidates: [], argv: ['x'.repeat(format.maxSize)], env: [] });
    expect(() => encodePlan(long)).to.throw(RequestError, 'larger than');
    const filled = (length: number): Op => ({ op: 'hostname', reason: '', name: 'x'.repeat(length), optional: 0 });
    const rest = format.maxSize - encodePlan(planOf(filled(1))).bytes.length;
    expect(encodePlan(planOf(filled(1 + rest))).bytes.length).to.equal(format.maxSize);
    expect(() => encodePlan(planOf(filled(2 + rest)))).to.throw(RequestError, 'larger than');
    const op: Op = { op: 'session', reason: '' };
    const many: Plan = { ...planOf(op), enter: new Array(format.maxOps + 1).fill(op) };
    expect(() => encodePlan(many)).to.throw(RequestError, 'operations');
  });
});
