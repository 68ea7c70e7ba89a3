import { expect } from 'chai';
import { withProgram } from '../../../ts/trace/program.ts';
import { readTrace } from '../../../ts/trace/read.ts';
import { sampleTrace } from '../../support/sample-trace.ts';

describe('what a program does before its call', () => {
  const trace = sampleTrace();
  const called = trace.traceEvents.find(({ cat }) => cat === 'start')?.ts ?? 0;
  const whole = withProgram(trace, called - 1000, [
    { name: 'node', reason: 'begins', end: called - 400 },
    { name: 'load', reason: 'the command', end: called - 300 },
    { name: 'open', reason: 'the store', end: Number.POSITIVE_INFINITY },
  ]);

  it('is on the thread of the call, without gaps up to it', () => {
    const steps = whole.traceEvents.filter(({ cat }) => cat === 'program');
    expect(steps.map(({ name }) => name)).to.deep.equal(['node', 'load', 'open']);
    expect(steps.map(({ dur }) => Math.round(dur ?? 0))).to.deep.equal([600, 100, 300]);
    for (const { pid, tid } of steps) expect({ pid, tid }).to.deep.equal({ pid: 7, tid: 7 });
    expect(whole.traceEvents).to.have.length(trace.traceEvents.length + 3);
  });

  it('is negative in time: the call remains the beginning', () => {
    const { steps, started } = readTrace(JSON.stringify(whole), 'start.json');
    expect(steps.slice(0, 4).map(({ name, at }) => [name, Math.round(at)])).to.deep.equal([
      ['node', -1000],
      ['load', -400],
      ['open', -300],
      ['image', 0],
    ]);
    expect(started).to.be.closeTo(readTrace(JSON.stringify(trace), 'start.json').started ?? 0, 0.01);
  });

  it('ends with the call, whatever the clocks of the program say', () => {
    const late = withProgram(trace, called - 10, [
      { name: 'node', reason: 'begins', end: called + 500 },
      { name: 'open', reason: 'the store', end: called + 900 },
    ]);
    const steps = late.traceEvents.filter(({ cat }) => cat === 'program');
    for (const { ts, dur = 0 } of steps) expect(ts + dur).to.be.at.most(called);
  });
});
