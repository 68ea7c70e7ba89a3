import { expect } from 'chai';
import type { LaunchResult } from '../../../ts/native/contract.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { launchSteps } from '../../../ts/trace/steps.ts';
import { makeBind, makeFacts } from '../../support/facts.ts';

const facts = makeFacts({ mounts: [makeBind('/test')] });
const plan = buildPlan(facts);
const count = plan.prepare.length + plan.enter.length;

/** A start that reached `reached` operations, each of 10 µs; the last one has no end of its own. */
function timesOf(reached: number): LaunchResult['times'] {
  const ops = new Float64Array(count + 1);
  for (let index = 0; index < reached; index++) ops[index] = 1_020_000 + index * 10_000;
  const entered = ops[0] ?? 0;
  return { called: 1_000_000, cloned: 1_005_000, entered, ops, returned: 1_020_000 + reached * 10_000 + 40_000 };
}

const opened = buildPlan({ ...facts, strategy: 'opener' });

/** The operations of `prepare` are done by a thread of the caller before the clone. */
function timesWithOpener(): LaunchResult['times'] {
  const first = opened.prepare.length;
  const ops = new Float64Array(first + opened.enter.length + 1);
  for (let index = 0; index <= first; index++) ops[index] = 1_002_000 + index * 10_000;
  const cloned = (ops[first] ?? 0) + 5000;
  const entered = cloned + 20_000;
  for (let index = 1; index < opened.enter.length; index++) ops[first + index] = entered + index * 10_000;
  return { called: 1_000_000, cloned, entered, ops, returned: entered + opened.enter.length * 10_000 };
}

describe('steps of a launch', () => {
  it('are one for each operation, without gaps, from the call to the application', () => {
    const steps = launchSteps(plan, timesOf(count));
    expect(steps.map(({ name }) => name)).to.deep.equal([
      'queue',
      'clone',
      ...[...plan.prepare, ...plan.enter].map(({ op }) => op),
    ]);
    expect(steps[0]).to.include({ phase: 'call', thread: 'launcher', from: 1_000_000, to: 1_005_000 });
    expect(steps[1]).to.include({ phase: 'launch', from: 1_005_000, to: 1_020_000 });
    expect(steps[2]).to.include({ phase: 'prepare', from: 1_020_000, to: 1_030_000 });
    expect(steps.at(-1)).to.include({ phase: 'enter', name: 'exec', reason: 'application' });
    expect(steps.at(-1)?.to).to.equal(timesOf(count).returned);
    for (const [index, { to }] of steps.slice(0, -1).entries()) expect(steps[index + 1]?.from).to.equal(to);
  });

  it('end at the operation that was refused', () => {
    const steps = launchSteps(plan, timesOf(3));
    expect(steps.map(({ name }) => name)).to.deep.equal(['queue', 'clone', 'propagation', 'tmpfs', 'device']);
    expect(steps.at(-1)?.to).to.equal(timesOf(3).returned);
  });

  it('end with the clone when nothing ran', () => {
    expect(launchSteps(plan, timesOf(0)).map(({ name }) => name)).to.deep.equal(['queue', 'clone']);
  });

  it('have the operations that were done ahead before the clone', () => {
    const steps = launchSteps(opened, timesWithOpener());
    const names = steps.map(({ name }) => name);
    expect(names).to.deep.equal([
      'queue',
      ...opened.prepare.map(({ op }) => op),
      'clone',
      ...opened.enter.map(({ op }) => op),
    ]);
    for (const [index, { to }] of steps.slice(0, -1).entries()) expect(steps[index + 1]?.from).to.equal(to);
    const clone = steps[names.indexOf('clone')];
    expect(clone).to.include({ to: timesWithOpener().entered, thread: 'launcher' });
    expect(new Set(steps.filter(({ phase }) => phase === 'prepare').map(({ thread }) => thread))).to.have.keys(
      'launcher',
    );
    expect(new Set(steps.filter(({ phase }) => phase === 'enter').map(({ thread }) => thread))).to.have.keys('init');
  });

  it('begin before the call where volumes were opened before it, which then waited in no queue', () => {
    const times = timesWithOpener();
    const early = { ...times, ops: times.ops.map((time, index) => (index < 3 ? time - 8000 : time)) };
    const steps = launchSteps(opened, early);
    expect(steps.slice(0, 2).map(({ name }) => name)).to.deep.equal(opened.prepare.slice(0, 2).map(({ op }) => op));
    expect(steps[0]).to.include({ phase: 'prepare', from: 994_000, to: 1_004_000 });
  });

  it('end with the mount that an opener could not make', () => {
    const times = timesWithOpener();
    const refused = { ...times, cloned: 0, entered: 0, ops: times.ops.map((time, index) => (index < 3 ? time : 0)) };
    const steps = launchSteps(opened, refused);
    expect(steps.map(({ name }) => name)).to.deep.equal(['queue', ...opened.prepare.slice(0, 3).map(({ op }) => op)]);
    expect(steps.at(-1)?.to).to.equal(times.returned);
  });
});
