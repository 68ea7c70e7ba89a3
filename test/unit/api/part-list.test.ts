import { expect } from 'chai';
import fc from 'fast-check';
import { PartList } from '../../../ts/api/part-list.ts';

describe('the parts of an output', () => {
  it('of bytes are what they were together, small or large', () => {
    const size = fc.oneof(fc.nat(9), fc.nat(200_000));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 20 }), (sizes) => {
        const list = new PartList({ encoding: 'buffer', lines: false });
        const parts = sizes.map((length, index) => Buffer.alloc(length, index + 1));
        for (const part of parts) list.add(part);
        expect(Buffer.concat(parts).equals(list.output as Buffer)).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });

  it('of a few bytes are copied, so that the memory of each part can be freed', () => {
    const list = new PartList({ encoding: 'buffer', lines: false });
    const small = Buffer.from([1]);
    const large = Buffer.alloc(60_000, 1);
    for (const part of [small, large, small]) {
      list.add(part);
      part[0] = 2;
    }
    const all = list.output as Buffer;
    expect([all[0], all[1], all.at(-1)]).to.deep.equal([1, 2, 2]);
  });
});
