import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { compilePrograms } from '../../../bench/ground/programs.ts';
import { Watch, watchTurns } from '../../../bench/measure/watch.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function watched(use: () => Promise<void>): Promise<{ longest: number; busy: number }> {
  const watch = new Watch();
  await use();
  const { longest = Number.NaN, busy = Number.NaN } = watch.sample('');
  return { longest, busy };
}

describe('the watch on the event loop', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();

  beforeEach(() => {
    const bench = new URL('../../../bench', import.meta.url).pathname;
    watchTurns(compilePrograms(bench, directory()).turns);
  });

  it('takes the longest of several stretches, without the time that the loop waits between them', async () => {
    const { longest, busy } = await watched(async () => {
      work(5);
      await delay(10);
      work(50);
      await delay(4000);
      work(5);
    });
    expect(longest).to.be.at.least(50);
    expect(busy).to.be.at.least(longest + 5);
    expect(busy).to.be.below(4000);
  });

  it('takes what follows without a turn of the loop as one stretch, however many promises it is cut into', async () => {
    const { longest } = await watched(async () => {
      await delay(1);
      for (let step = 0; step < 4; step++) {
        work(10);
        await Promise.resolve();
      }
    });
    expect(longest).to.be.at.least(40);
  });

  it('begins anew with each watch', async () => {
    await watched(async () => work(2000));
    const { longest } = await watched(async () => work(1));
    expect(longest).to.be.below(2000);
  });
});
