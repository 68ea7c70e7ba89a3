import { expect } from 'chai';
import type { Running, StepTime } from '../../../ts/api/types.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

/** Nanoseconds, which is what the clock gave. */
const ns = (us: number) => Math.round(us * 1000);

/** Steps that do not begin where another ended. */
function unexplained(steps: readonly StepTime[]): string[] {
  const ends = new Set(steps.map(({ startUs, durationUs }) => ns(startUs + durationUs)));
  const near = (at: number) => [-1, 0, 1].some((off) => ends.has(at + off));
  return steps
    .slice(1)
    .filter(({ startUs }) => !near(ns(startUs)))
    .map(({ step }) => step);
}

/** Where the application was executed, by its step. */
function executed(steps: readonly StepTime[]): number {
  const exec = steps.find(({ step }) => step === 'exec');
  return exec === undefined ? Number.NaN : exec.startUs + exec.durationUs;
}

describe('the timings of a start', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  async function timed(start: () => Promise<Running>) {
    const running = await start();
    expect((await running.exited).exitCode).to.equal(0);
    const { timings } = running;
    expect(unexplained(timings.steps)).to.deep.equal([]);
    expect(timings.clonedUs).to.be.above(0);
    expect(timings.startedUs).to.be.above(timings.clonedUs).and.closeTo(executed(timings.steps), 0.01);
    return timings.steps;
  }

  it('explain every moment, whoever makes the mounts, and count from start', async () => {
    // The first start of a program goes another way than those after it.
    for (let round = 0; round < 4; round++) {
      const container = await fixture().orlop.create('busybox', ['true'], { rm: true, volumes: ['data:/test'] });
      const steps = await timed(() => container.start());
      expect(steps.find(({ phase }) => phase === 'call')?.startUs).to.be.closeTo(0, 0.01);
      const created = steps.filter(({ phase }) => phase === 'create');
      expect(created.map(({ step }) => step)).to.include.members(['request', 'image', 'layer', 'volumes', 'pause']);
      for (const { startUs } of created) expect(startUs).to.be.below(0);
    }
  });

  it('count from the call of run', async () => {
    const { timings } = await fixture().orlop.run('busybox', ['true']);
    expect(timings.steps[0]).to.include({ phase: 'create', step: 'request', startUs: 0 });
    expect(timings.steps.map(({ step }) => step)).not.to.include('pause');
    expect(unexplained(timings.steps)).to.deep.equal([]);
  });

  it('tell the second start of a container without its making', async () => {
    const container = await fixture().orlop.create('busybox', ['true']);
    await timed(() => container.start());
    const steps = await timed(() => container.start());
    expect(steps[0]).to.include({ phase: 'call', step: 'claim' });
    await container.remove();
  });

  it('are those of the request in a pool, whose members had their mounts before', async function () {
    // Nothing is made ahead with the calls of older kernels.
    if (process.env.ORLOP_FEATURES === '0') this.skip();
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    const steps = await timed(() => pool.start(['true'], { volumes: ['data:/test'] }));
    const names = steps.map(({ step }) => step);
    expect(names.slice(0, 2)).to.deep.equal(['request', 'take']);
    expect(names).to.include.members(['hand over', 'bind', 'attach', 'exec']);
    for (const name of ['clone', 'overlay', 'pivot']) expect(names).to.not.include(name);
  });
});
