import { expect } from 'chai';
import type { LaunchResult } from '../../../ts/native/contract.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { timingsOf, traceOf } from '../../../ts/plan/trace.ts';
import { makeBind, makeFacts } from '../../support/facts.ts';

const plan = buildPlan(makeFacts({ mounts: [makeBind('/test')] }));
const count = plan.prepare.length + plan.enter.length;

/** A start that reached `reached` operations, each of 10 µs; the last one has no end of its own. */
function timesOf(reached: number): LaunchResult['times'] {
  const ops = new Float64Array(count + 1);
  for (let index = 0; index < reached; index++) ops[index] = 1_020_000 + index * 10_000;
  const entered = ops[0] ?? 0;
  return { called: 1_000_000, cloned: 1_005_000, entered, ops, returned: 1_020_000 + reached * 10_000 + 40_000 };
}

describe('times of a start', () => {
  it('has one for each operation, without gaps, from the call to the application', () => {
    const timings = timingsOf(plan, timesOf(count));
    expect(timings.map(({ step }) => step)).to.deep.equal([
      'queue',
      'clone',
      ...[...plan.prepare, ...plan.enter].map(({ op }) => op),
    ]);
    expect(timings[0]).to.include({ startUs: 0, durationUs: 5 });
    expect(timings[1]).to.include({ startUs: 5, durationUs: 15 });
    expect(timings[2]).to.include({ startUs: 20, durationUs: 10 });
    expect(timings.at(-1)).to.include({ step: 'exec', reason: 'application', durationUs: 50 });
    for (const [index, { startUs, durationUs }] of timings.slice(0, -1).entries()) {
      expect(timings[index + 1]?.startUs).to.be.closeTo(startUs + durationUs, 0.001);
    }
  });

  it('ends at the operation that was refused', () => {
    const timings = timingsOf(plan, timesOf(3));
    expect(timings.map(({ step }) => step)).to.deep.equal(['queue', 'clone', 'propagation', 'tmpfs', 'device']);
    expect(timings.at(-1)?.durationUs).to.equal(50);
  });

  it('ends with the clone when nothing ran', () => {
    expect(timingsOf(plan, timesOf(0)).map(({ step }) => step)).to.deep.equal(['queue', 'clone']);
  });

  it('makes Chrome trace events with phase and reason', () => {
    const trace = traceOf(plan, timesOf(count), 42);
    const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
    expect(events).to.have.length(count + 2);
    expect(events[0]).to.include({ name: 'queue', cat: 'launch', ts: 1000, dur: 5, pid: 42 });
    const bind = events.find(({ name }) => name === 'bind');
    expect(bind?.cat).to.equal('prepare');
    expect(bind?.args).to.deep.equal({ reason: 'volume /test', does: '/host/test, recursive, inode 1:2' });
    const pivot = events.findIndex(({ name }) => name === 'pivot');
    const volume = events.findIndex(({ name, args }) => name === 'attach' && args.reason === 'volume /test');
    expect(events[pivot]?.cat).to.equal('enter');
    expect(volume).to.be.greaterThan(0).and.lessThan(pivot);
    expect(() => JSON.stringify(trace)).not.to.throw();
  });
});
