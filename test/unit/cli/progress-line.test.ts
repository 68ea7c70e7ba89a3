import { expect } from 'chai';
import { progressLine, Redraws } from '../../../ts/cli/output/progress-line.ts';

describe('a line of progress', () => {
  const half = { stage: 'unpack', bytes: 412_000_000, totalBytes: 839_000_000 } as const;

  it('says what is done, how much of it, and what share that is', () => {
    expect(progressLine('importing debian.tar', half, 80)).to.equal('importing debian.tar  412MB of 839MB  49%');
  });

  it('has bytes alone where the length is not known', () => {
    expect(progressLine('importing', { stage: 'unpack', bytes: 4200 }, 80)).to.equal('importing  4.2kB');
  });

  it('names the layer by the first digits of its diff ID', () => {
    const layer = `sha256:${'0123456789abcdef'.repeat(4)}`;
    expect(progressLine('loading', { ...half, layer }, 80)).to.equal(
      'loading  layer 0123456789ab  412MB of 839MB  49%',
    );
  });

  it('is 100% only at the end', () => {
    const last = (bytes: number) =>
      progressLine('saving', { stage: 'pack', bytes, totalBytes: 1000 }, 80).split('  ').at(-1);
    expect([last(999), last(1000), last(1001)]).to.deep.equal(['99%', '100%', '100%']);
    expect(progressLine('saving', { stage: 'pack', bytes: 0, totalBytes: 0 }, 80)).to.equal('saving  0B of 0B  100%');
  });

  it('is never longer than the terminal: the label is cut, then the numbers', () => {
    expect(progressLine('importing debian.tar', half, 36)).to.equal('importing debi…  412MB of 839MB  49%');
    for (let width = 1; width < 60; width++) {
      expect([...progressLine('importing 雪'.repeat(3), half, width)].length).to.be.at.most(width);
    }
  });
});

describe('the drawings of a line', () => {
  it('begin after half a second, and come ten times a second at most', () => {
    const redraws = new Redraws(1000);
    const due = [1000, 1499, 1500, 1501, 1599, 1600, 2900, 2901].filter((now) => redraws.due(now));
    expect(due).to.deep.equal([1500, 1600, 2900]);
  });
});
