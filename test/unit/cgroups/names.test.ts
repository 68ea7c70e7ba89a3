import { expect } from 'chai';
import { makerOf, nameOf } from '../../../ts/cgroups/names.ts';

describe('the name of a cgroup', () => {
  it('tells who made it', () => {
    const maker = { pid: 7, startTime: '12345678901234567890', namespace: 'pid:[4026531836]', boot: 'b' };
    const { boot: _, ...known } = maker;
    expect(makerOf(nameOf(maker, 3))).to.deep.equal(known);
  });

  it('is of nobody if orlop did not make it', () => {
    for (const name of [
      'orlop',
      'orlop-7',
      'orlop-7-1-2-3x',
      'docker',
      'orlop-pause-0123456789ab',
      'x-orlop-1-1-1-1',
    ]) {
      expect(makerOf(name), name).to.equal(null);
    }
  });
});
