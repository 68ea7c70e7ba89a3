import { expect } from 'chai';
import { quantile, spreadOf, summarize } from '../../../bench/measure/statistics.ts';

describe('statistics of the benchmark', () => {
  it('takes the median of an odd and of an even number of values', () => {
    expect(summarize([3, 1, 2]).median).to.equal(2);
    expect(summarize([4, 1, 3, 2]).median).to.equal(2.5);
  });

  it('interpolates p99 between the highest values', () => {
    const values = Array.from({ length: 101 }, (_, index) => index);
    expect(summarize(values).p99).to.equal(99);
    expect(quantile([0, 10], 0.99)).to.be.closeTo(9.9, 1e-9);
  });

  it('gives one value as all of its summary', () => {
    expect(summarize([7])).to.deep.equal({ n: 1, median: 7, p99: 7, min: 7 });
  });

  it('keeps four significant digits and leaves the values as they were', () => {
    const values = [0.123456, 0.023456];
    expect(summarize(values).min).to.equal(0.02346);
    expect(values).to.deep.equal([0.123456, 0.023456]);
  });

  it('takes the median of the repetitions, their lowest and highest, unrounded', () => {
    expect(spreadOf([1.23456, 1.5, 1.1])).to.deep.equal({ median: 1.23456, lowest: 1.1, highest: 1.5, repetitions: 3 });
    expect(spreadOf([2])).to.deep.equal({ median: 2, lowest: 2, highest: 2, repetitions: 1 });
  });

  it('has no quantile of nothing', () => {
    expect(() => quantile([], 0.5)).to.throw(RangeError);
  });
});
