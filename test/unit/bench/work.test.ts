import { expect } from 'chai';
import { processorTime, timesIn } from '../../../bench/measure/processor.ts';
import { spentOnEach } from '../../../bench/questions/work.ts';
import { forTimes, startMany } from '../../../bench/subject/many.ts';

describe('many starts', () => {
  it('are made so many at once, until there are no more', async () => {
    let [running, most] = [0, 0];
    const start = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    };
    const work = await startMany(start, 4, forTimes(20));
    expect([work.count, most, running]).to.deep.equal([20, 4, 0]);
  });

  it('say for how long the event loop was not idle, and what the processors did', async () => {
    const start = async () => {
      const end = performance.now() + 20;
      while (performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 300));
    };
    const { loop = Number.NaN, ms, processor } = await startMany(start, 1, forTimes(2));
    expect(loop)
      .to.be.at.least(40)
      .and.below(ms - 300);
    // Where others run too, 20 ms of the clock are less of a processor.
    expect(processor).to.be.above(0);
  });

  it('fail when one does', async () => {
    const error = await startMany(
      () => Promise.reject(new Error('no')),
      2,
      () => true,
    ).catch((reason) => reason);
    expect(error).to.have.property('message', 'no');
  });

  it('cost each container its part', () => {
    expect(spentOnEach({ count: 4, ms: 10, processor: 8, loop: 2 })).to.deep.equal({ loop: 0.5, processor: 2 });
    expect(spentOnEach({ count: 4, ms: 10, processor: 8 })).to.deep.equal({ processor: 2 });
  });
});

describe('the time of processors', () => {
  it('is read behind a name that may have anything in it', () => {
    const stat = '7 (a) b (c) S 1 7 7 0 -1 4194560 100 200 0 0 11 12 13 14 20 0 1 0 100 0 0';
    expect(timesIn(stat)).to.deep.equal({ own: (11 + 12) * 10, children: (13 + 14) * 10 });
  });

  it('grows', () => {
    const before = processorTime();
    const end = process.cpuUsage().user + 20_000;
    while (process.cpuUsage().user < end);
    expect(processorTime() - before).to.be.at.least(20);
  });
});
