import { expect } from 'chai';
import fc from 'fast-check';
import { now, timestamp } from '../../../ts/linux/clock.ts';

describe('a time stamp', () => {
  it('is what Date writes, for every millisecond of the years 0 to 9999', () => {
    const [from, to] = [Date.UTC(2000, 0) - 2000 * 365.2425 * 86_400_000, Date.UTC(9999, 11, 31)];
    const check = (time: number) => {
      expect(timestamp(time)).to.equal(new Date(time).toISOString());
    };
    fc.assert(fc.property(fc.integer({ min: from, max: to }), check), { numRuns: 2000 });
    for (const year of [4, 100, 400, 1600, 1900, 1970, 2000, 2024, 2100]) {
      for (const [month, day] of [
        [0, 1],
        [1, 28],
        [1, 29],
        [2, 1],
        [11, 31],
      ] as const) {
        const date = new Date(0);
        date.setUTCFullYear(year, month, day);
        for (const edge of [0, 1, 86_399_999]) check(date.getTime() + edge);
      }
    }
  });

  it('is right for one time after another, forward and back', () => {
    const start = Date.UTC(2024, 1, 28, 23, 59, 59, 998);
    for (const time of [start, start + 1, start + 2, start + 3, start + 1002, start, 0, 999, start + 86_400_000]) {
      expect(now(time)).to.equal(new Date(time).toISOString());
    }
  });

  it('of now lies between two looks at the clock', () => {
    const before = Date.now();
    const between = Date.parse(now());
    expect(between).to.be.within(before, Date.now());
  });
});
