import { expect } from 'chai';
import { nextTickPace, pausePace } from '../../../ts/prefetch/pace.ts';
import { until } from '../../support/temporary.ts';

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('when items are made again', () => {
  for (const [name, makePace] of Object.entries({ nextTickPace, pausePace })) {
    it(`is later, and once for all that were taken (${name})`, async () => {
      const pace = makePace();
      let made = 0;
      for (let taken = 0; taken < 5; taken++) pace.soon(() => made++, true);
      expect(made).to.equal(0);
      await until('they are made', () => made > 0);
      await after(40);
      expect(made).to.equal(1);
      pace.soon(() => made++, false);
      await until('they are made again', () => made > 1);
    });

    it(`is never when it was stopped, and again when it is asked for (${name})`, async () => {
      const pace = makePace();
      let made = 0;
      pace.soon(() => made++, false);
      await after(3);
      pace.stop();
      const before = made;
      await after(40);
      expect(made).to.equal(before);
      pace.soon(() => made++, false);
      await until('they are made', () => made === before + 1);
    });
  }

  it('is in the next tick where nothing is to be waited for', async () => {
    const pace = nextTickPace();
    let made = false;
    pace.soon(() => {
      made = true;
    }, false);
    for (let tick = 0; tick < 3; tick++) await new Promise((resolve) => setImmediate(resolve));
    expect(made).to.equal(true);
  });

  it('is put off by each that is taken as long as enough are left', async () => {
    // On a busy machine a call may come later than the pause is long: such a trial says nothing.
    for (let trial = 0; trial < 50; trial++) {
      const pace = pausePace();
      let made = 0;
      let longest = 0;
      for (let taken = 0; taken < 15; taken++) {
        const before = performance.now();
        pace.soon(() => made++, false);
        await after(2);
        longest = Math.max(longest, performance.now() - before);
      }
      if (longest < 8) {
        expect(made).to.equal(0);
        await until('they are made', () => made > 0);
        return;
      }
      pace.stop();
    }
  });

  it('is not put off when few are left', async () => {
    const pace = pausePace();
    let made = 0;
    pace.soon(() => made++, true);
    for (let taken = 0; taken < 10 && made === 0; taken++) {
      await after(2);
      pace.soon(() => made++, true);
    }
    expect(made).to.be.greaterThan(0);
    await after(20);
  });
});
