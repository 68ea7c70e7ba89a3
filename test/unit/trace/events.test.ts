import { expect } from 'chai';
import { buildPlan } from '../../../ts/plan/build.ts';
import { traceOf } from '../../../ts/trace/events.ts';
import { Laps } from '../../../ts/trace/laps.ts';
import { timingsOf } from '../../../ts/trace/timings.ts';
import type { Trace, TraceEvent } from '../../../ts/trace/types.ts';
import { makeBind, makeFacts } from '../../support/facts.ts';
import { sampleTrace, timesFor } from '../../support/sample-trace.ts';

const plan = buildPlan(makeFacts({ mounts: [makeBind('/test')] }));

/** Nanoseconds, as Perfetto reads microseconds. */
const ns = (us = 0) => Math.round(us * 1000);

/** Pairs of steps of one thread that overlap and lie not one in the other. */
function crossing({ traceEvents }: Trace): string[] {
  const steps = traceEvents.filter(({ ph }) => ph === 'X');
  const ends = (one: TraceEvent) => ns(one.ts) + ns(one.dur);
  return steps.flatMap((a) =>
    steps
      .filter((b) => b !== a && b.tid === a.tid && ns(a.ts) < ns(b.ts))
      .filter((b) => ns(b.ts) < ends(a) && ends(b) > ends(a))
      .map((b) => `${a.name} ${b.name}`),
  );
}

describe('a Chrome trace of a start', () => {
  const trace = sampleTrace();
  const steps = trace.traceEvents.filter(({ ph }) => ph === 'X');
  const names = (name: string) =>
    trace.traceEvents.filter((event) => event.ph === 'M' && event.name === name).map(({ args }) => args.name);

  it('has the start as a whole, the steps of the caller, of the kernel, and the operations', () => {
    expect(steps[0]).to.deep.include({ name: 'start web', cat: 'start', pid: 7, tid: 7 });
    expect([...new Set(steps.map(({ cat }) => cat))]).to.deep.equal([
      'start',
      'create',
      'call',
      'launch',
      'prepare',
      'enter',
      'after',
    ]);
    expect(steps).to.have.length(1 + 4 + 2 + plan.prepare.length + plan.enter.length);
  });

  it('says what an operation does and why', () => {
    const bind = steps.find(({ name }) => name === 'bind');
    expect(bind).to.deep.include({ cat: 'prepare', pid: 42, tid: 42 });
    expect(bind?.args).to.deep.equal({ reason: 'volume /test', does: '/host/test, recursive, inode 1:2' });
  });

  it('names its processes and threads, and no event is without', () => {
    expect(names('process_name')).to.deep.equal(['orlop (caller)', 'container init process of web']);
    expect(names('thread_name')).to.deep.equal(['JavaScript', 'launcher', 'container init process']);
    const named = new Set(trace.traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid));
    for (const { tid } of steps) expect(named.has(tid), String(tid)).to.equal(true);
  });

  it('has steps that nest in each thread, to the nanosecond', () => {
    expect(crossing(trace)).to.deep.equal([]);
    for (const { ts, dur } of steps) {
      expect(ts).to.be.above(0);
      expect(dur).to.be.at.least(0);
    }
  });

  it('has what was opened ahead on the thread that clones', () => {
    const opened = buildPlan(makeFacts({ strategy: 'opener', mounts: [makeBind('/test')] }));
    const laps = new Laps('call');
    const times = timesFor(opened, laps.zero + 1000);
    const cloned = times.ops[opened.prepare.length] ?? 0;
    const entered = cloned + 5000;
    const later = times.ops.map((time, index) => (index > opened.prepare.length ? time + 5000 : time));
    const all = { ...times, cloned, entered, ops: later, returned: times.returned + 5000 };
    laps.launched(all);
    const whose = { id: 'ab', name: 'web', image: 'host', caller: 7, pid: 42 };
    const ahead = traceOf({ plan: opened, times: all, laps }, whose);
    const thread = ahead.traceEvents.find(({ ph, args }) => ph === 'M' && args.name === 'launcher');
    const tids = (cat: string) => [
      ...new Set(ahead.traceEvents.filter((event) => event.cat === cat).map(({ tid }) => tid)),
    ];
    expect(tids('prepare')).to.deep.equal([thread?.tid]);
    expect(tids('enter')).to.deep.equal([42]);
    expect(crossing(ahead)).to.deep.equal([]);
  });
});

describe('timings of a start', () => {
  it('count from the call, and have every step', () => {
    const laps = new Laps('call');
    const times = timesFor(plan, laps.zero + 3000);
    laps.launched(times);
    const { clonedUs, startedUs, steps } = timingsOf({ plan, times, laps });
    expect(clonedUs).to.equal(8);
    expect(startedUs).to.equal(23 + 10 * (plan.prepare.length + plan.enter.length));
    expect(steps.map(({ step }) => step)).to.include.members(['call', 'queue', 'clone', 'overlay', 'exec', 'report']);
    expect(steps[0]).to.deep.equal({
      phase: 'call',
      step: 'call',
      reason: 'of the addon',
      startUs: 0,
      durationUs: 3,
    });
  });
});
