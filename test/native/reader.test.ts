import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodePlan } from '../../ts/plan/encode.ts';
import type { Op } from '../../ts/plan/types.ts';
import { buildsNativeTests, runPlan } from '../support/run-plan.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** `Fault` of native/plan/reader.h. */
const fault = { size: 1, header: 2, code: 3, slot: 4, string: 5, array: 6, tooLarge: 7 } as const;

const nothing = { strategy: 'in-child', namespaces: [], supplied: [], slots: 0, prepare: [], enter: [] } as const;

describe('plan reader', function () {
  this.timeout(300_000);
  buildsNativeTests();
  const folder = temporaryDirectory();

  /** What the executor says about a sample that was changed at one place. */
  function refusal(change: (plan: DataView) => void): { op: number; detail: number } | null {
    const bytes = samplePlan();
    change(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    const { refused } = runPlan(bytes, folder());
    if (refused === null || refused.step !== 'plan') return null;
    expect(refused.error).to.equal('EINVAL');
    return { op: refused.op, detail: refused.detail };
  }

  const recordAt = (index: number): number => 32 + index * 48;

  it('refuses another magic number, another version and a size that is not the plan’s', () => {
    expect(refusal((plan) => plan.setUint32(0, 1, true))?.detail).to.equal(fault.header);
    expect(refusal((plan) => plan.setUint16(4, 2, true))?.detail).to.equal(fault.header);
    expect(refusal((plan) => plan.setUint32(8, plan.byteLength - 1, true))?.detail).to.equal(fault.size);
    expect(refusal((plan) => plan.setUint32(12, 4000, true))?.detail).to.equal(fault.size);
    expect(refusal((plan) => plan.setUint32(12, 0xffff_ffff, true))?.detail).to.equal(fault.header);
    expect(refusal((plan) => plan.setUint32(20, 0xffff_ffff, true))?.detail).to.equal(fault.header);
    // Each number is within its limit, but not their sum.
    const many = refusal((plan) => {
      for (const count of [12, 16]) plan.setUint32(count, 4000, true);
    });
    expect(many?.detail).to.equal(fault.header);
    const supplied = refusal((plan) => plan.setUint32(24, plan.getUint32(20, true) + 1, true));
    expect(supplied?.detail).to.equal(fault.header);
  });

  it('names the record with an unknown operation, or with a slot outside the table', () => {
    expect(refusal((plan) => plan.setUint16(recordAt(2), 999, true))).to.deep.equal({ op: 2, detail: fault.code });
    const slots = new DataView(samplePlan().buffer).getUint32(20, true);
    // Record 1 is the scratch tmpfs; its first word is the slot that it fills.
    for (const slot of [slots, slots + 1, 2047, 0xffff_fffe]) {
      expect(refusal((plan) => plan.setUint32(recordAt(1) + 4, slot, true))).to.deep.equal({
        op: 1,
        detail: fault.slot,
      });
    }
    expect(refusal((plan) => plan.setUint32(recordAt(1) + 4, slots - 1, true))).to.equal(null);
  });

  it('refuses strings and arrays that begin outside the data', () => {
    const path = recordAt(0) + 4;
    // Behind the last NUL no string ends.
    const end = samplePlan().lastIndexOf(0) + 1;
    for (const offset of [1, 31, recordAt(1), end, end + 1, 0x7fff_ffff, 0xffff_ffff]) {
      expect(refusal((plan) => plan.setUint32(path, offset, true))).to.deep.equal({ op: 0, detail: fault.string });
    }
    const content = [...Array(16).keys()].find(
      (index) => new DataView(samplePlan().buffer).getUint16(recordAt(index), true) === 13,
    );
    if (content === undefined) throw new Error('the sample has no file');
    // tree, name, mode, then offset and length of the content.
    const length = recordAt(content) + 4 + 16;
    const huge = refusal((plan) => plan.setUint32(length, 0xffff_ffff, true));
    expect(huge).to.deep.equal({ op: content, detail: fault.array });
  });

  it('refuses arrays that overlap, and would make a small plan take long', () => {
    const groups = Array.from({ length: 100_000 }, (_, index) => index);
    const ids = { op: 'ids', reason: '', uid: 0, gid: 0 } as const;
    const enter: Op[] = [...Array(11).fill({ ...ids, groups: [] }), { ...ids, groups }];
    const { bytes } = encodePlan({ ...nothing, enter });
    const plan = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(runPlan(bytes, folder()).refused?.step).not.to.equal('plan');
    // Offset and count of the groups, after the code and two numbers.
    for (let index = 0; index < 11; index++) {
      for (const word of [12, 16])
        plan.setUint32(recordAt(index) + word, plan.getUint32(recordAt(11) + word, true), true);
    }
    expect(runPlan(bytes, folder()).refused).to.include({ step: 'plan', op: 10, detail: fault.tooLarge });
  });

  it('survives a hundred thousand damaged plans under the sanitizers', () => {
    const file = join(folder(), 'sample');
    writeFileSync(file, samplePlan());
    const output = execFileSync('build-tests/fuzz-plan', ['100000', file], { encoding: 'utf8' });
    const [, accepted, refused] = /^(\d+) accepted, (\d+) refused/.exec(output) ?? [];
    // Both kinds were met: the damage is neither harmless nor always caught at the door.
    expect(Number(accepted)).to.be.greaterThan(1000);
    expect(Number(refused)).to.be.greaterThan(1000);
  });
});
