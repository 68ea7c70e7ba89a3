import { expect } from 'chai';
import { Watch } from '../../../ts/containers/watch.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import { until } from '../../support/temporary.ts';

describe('the limits of time', () => {
  const exited = { code: 0, signal: null };
  const killed = { code: null, signal: 9 };

  it('have ended a container only if it was killed: it may have ended by itself just before', async () => {
    let kills = 0;
    const watch = new Watch(
      { wallTime: 1 },
      () => 0,
      () => kills++,
    );
    expect(watch.endedBy(killed)).to.equal(null);
    await until('the end', () => kills === 1);
    expect(watch.endedBy(killed)).to.equal('wallTime');
    expect(watch.endedBy(exited)).to.equal(null);
  });

  it('are the cause of a start that they have ended', async () => {
    for (const [limits, code] of [
      [{ wallTime: 1 }, 'ORLOP_E_TIMEOUT'],
      [{ cpuTime: 1 }, 'ORLOP_E_LIMIT'],
    ] as const) {
      let used = 0;
      let kills = 0;
      const watch = new Watch(
        limits,
        () => used++,
        () => kills++,
      );
      const refused = new Error('killed');
      const aborted = new RequestError('ORLOP_E_ABORTED', 'aborted');
      expect(watch.explain(refused)).to.equal(refused);
      await until('the end', () => kills === 1);
      expect(watch.explain(refused)).to.include({ code, cause: refused });
      expect(watch.explain(aborted)).to.equal(aborted);
    }
  });

  it('may be longer than a timer', () => {
    const delays: number[] = [];
    const pending: (() => void)[] = [];
    const { setTimeout } = globalThis;
    let kills = 0;
    globalThis.setTimeout = ((work: () => void, ms: number) => {
      delays.push(ms);
      pending.push(work);
      return { unref: () => undefined };
    }) as unknown as typeof setTimeout;
    try {
      new Watch(
        { wallTime: 2 ** 32 },
        () => 0,
        () => kills++,
      );
      for (let work = pending.pop(); work !== undefined; work = pending.pop()) work();
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    expect(delays).to.deep.equal([2 ** 31 - 1, 2 ** 31 - 1, 2]);
    expect(kills).to.equal(1);
  });
});
