import { expect } from 'chai';
import fc from 'fast-check';
import { randomFrom, schedule, shuffle } from '../../../bench/measure/schedule.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('the order of measurements', () => {
  it('is a permutation in each round, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seeds, (items, seed) => {
        const once = shuffle(items, randomFrom(seed));
        expect(once.toSorted()).to.deep.equal(items.toSorted());
        expect(shuffle(items, randomFrom(seed))).to.deep.equal(once);
      }),
    );
  });

  it('differs from round to round', () => {
    const rounds = schedule(
      Array.from({ length: 8 }, () => 1),
      20,
      randomFrom(1),
    );
    expect(new Set(rounds.map((round) => round.join())).size).to.be.greaterThan(15);
  });

  it('lets each contestant take part in its share of the rounds, once a round, at least once', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 1 }),
        fc.integer({ min: 1, max: 200 }),
        seeds,
        (shares, rounds, seed) => {
          const order = schedule(shares, rounds, randomFrom(seed));
          expect(order).to.have.length(rounds);
          for (const round of order) expect(new Set(round).size).to.equal(round.length);
          for (const [index, one] of shares.entries()) {
            const turns = order.filter((round) => round.includes(index)).length;
            expect(turns).to.equal(Math.max(1, Math.round(one * rounds)));
          }
        },
      ),
    );
  });

  it('spreads the turns of a slow contestant over the run', () => {
    const order = schedule([0.25], 8, randomFrom(1));
    expect(order.map((round) => round.length)).to.deep.equal([0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('draws numbers from 0 up to 1 that fill the range evenly', () => {
    const random = randomFrom(42);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) {
      const value = random();
      expect(value).to.be.within(0, 1 - Number.EPSILON);
      const tenth = Math.floor(value * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(count).to.be.within(850, 1150);
  });
});
