import { expect } from 'chai';
import { Laps } from '../../../ts/trace/laps.ts';

describe('laps of the caller', () => {
  it('are without gaps, in the phases of a start', () => {
    const laps = new Laps('create');
    laps.lap('image', 'busybox');
    laps.start();
    laps.lap('plan', 'the operations');
    const called = Number(process.hrtime.bigint());
    laps.launched({ called, returned: called + 1000 });
    laps.lap('streams', 'as the caller gets them');
    const { steps } = laps;
    expect(steps.map(({ phase, name }) => `${phase} ${name}`)).to.deep.equal([
      'create image',
      'call plan',
      'call call',
      'after report',
      'after streams',
    ]);
    expect(steps[0]?.from).to.equal(laps.zero);
    for (const [index, { from }] of steps.slice(1).entries()) {
      const before = steps[index]?.to ?? 0;
      // What the addon did lies between.
      expect(from).to.equal(before === called ? called + 1000 : before);
    }
    for (const { from, to } of steps) expect(to).to.be.at.least(from);
  });

  it('name the pause that a caller makes between the making and the start, and begin anew there', () => {
    const laps = new Laps('create', 'parts');
    const made = laps.zero;
    laps.lap('image', 'busybox');
    laps.start();
    laps.lap('plan', 'the operations');
    expect(laps.steps.map(({ name }) => name)).to.deep.equal(['image', 'pause', 'plan']);
    expect(laps.zero).to.equal(laps.steps[2]?.from).and.to.be.at.least(made);
  });

  it('never end before they began, whatever the other clock says', () => {
    const laps = new Laps('call');
    laps.launched({ called: 1, returned: 2 });
    for (const { from, to } of laps.steps) expect(to).to.be.at.least(from);
  });
});
