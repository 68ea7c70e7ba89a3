import { expect } from 'chai';
import { allIds, formatMap, inside, isMapped, isOneId, mapOf } from '../../../ts/native/ids.ts';

const range = mapOf('alice:100000:65536\n', 1000, ['alice', '1000']);

describe('maps of users and groups', () => {
  it('have root as the caller, and the other IDs of an image in the range', () => {
    expect(formatMap(range)).to.equal('0 1000 1\n1 100000 65535\n');
    expect(isOneId(range)).to.equal(false);
  });

  const files: readonly [string, string, string][] = [
    ['the number of the user', '1000:100000:65536', '0 1000 1\n1 100000 65535\n'],
    ['a second range that is large enough', 'alice:100000:10\nalice:200000:65536', '0 1000 1\n1 200000 65535\n'],
    ['one ID without a range', '', '0 1000 1\n'],
    ['one ID where the range is of another user', 'alicea:100000:65536\nbob:1:65536', '0 1000 1\n'],
    ['one ID where the range is too small', 'alice:100000:65534', '0 1000 1\n'],
    ['one ID where the line is broken', 'alice:-1:65536\nalice::65536\nalice:100000\n#alice:1:65536', '0 1000 1\n'],
  ];
  for (const [what, file, map] of files) {
    it(`are by subuid(5): ${what}`, () => {
      expect(formatMap(mapOf(file, 1000, ['alice', '1000']))).to.equal(map);
    });
  }

  it('tell the ID inside of one on the host', () => {
    expect([1000, 100000, 165534, 0, 165535].map((id) => inside(range, id))).to.deep.equal([0, 1, 65535, 65534, 65534]);
    expect(inside(allIds, 1234)).to.equal(1234);
  });

  it('tell which IDs there are inside', () => {
    expect([0, 1, 65535, 65536].map((id) => isMapped(range, id))).to.deep.equal([true, true, true, false]);
    expect([0, 1].map((id) => isMapped(mapOf('', 1000, []), id))).to.deep.equal([true, false]);
    expect(isMapped(allIds, 4294967294)).to.equal(true);
  });
});
