import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { Deadline } from '../../../ts/api/deadline.ts';
import { RequestError } from '../../../ts/errors/index.ts';

describe('a deadline', () => {
  it('is over with the signal of the caller, with or without a time-out', () => {
    const caller = new AbortController();
    using without = new Deadline(caller.signal, undefined);
    using later = new Deadline(caller.signal, 60_000);
    const both = [without, later];
    expect(both.map(({ signal }) => signal.aborted)).to.deep.equal([false, false]);
    caller.abort('why');
    expect(both.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
    expect(both.map(({ signal }) => signal.reason)).to.deep.equal(['why', 'why']);
    expect(both.map(({ timedOut }) => timedOut)).to.deep.equal([false, false]);
  });

  it('is over at once where the signal of the caller has fired before', () => {
    using deadline = new Deadline(AbortSignal.abort('why'), 60_000);
    expect(deadline.signal).to.include({ aborted: true, reason: 'why' });
    expect(deadline.timedOut).to.equal(false);
  });

  it('is over when its time has passed, and says so', async () => {
    using deadline = new Deadline(undefined, 1);
    await new Promise<void>((resolve) => deadline.signal.addEventListener('abort', () => resolve()));
    expect(deadline.signal.aborted).to.equal(true);
    expect(deadline.timedOut).to.equal(true);
  });

  it('keeps one signal, and lets go of the caller’s at its end', () => {
    const { signal } = new AbortController();
    {
      using deadline = new Deadline(signal, 60_000);
      expect(deadline.signal).to.equal(deadline.signal);
      expect(getEventListeners(signal, 'abort')).to.have.length(1);
    }
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('is never over with a time-out of 0, as in Node', async () => {
    using none = new Deadline(undefined, 0);
    using first = new Deadline(undefined, 1);
    await new Promise<void>((resolve) => first.signal.addEventListener('abort', () => resolve()));
    expect(none.signal.aborted).to.equal(false);
  });

  it('refuses what is no time', () => {
    expect(() => new Deadline(undefined, -1)).to.throw(RequestError, 'not a number of milliseconds');
  });

  it('leaves no timer where it is not made', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    expect(() => new Deadline(5 as unknown as AbortSignal, 60_000)).to.throw(TypeError);
    expect(timers()).to.equal(before);
  });

  it('is over with a failure, unless something was before', () => {
    const failure = new RequestError('ORLOP_E_INPUT', 'the input cannot be read');
    using failed = new Deadline(undefined, 60_000);
    failed.fail(failure);
    expect(failed.signal).to.include({ aborted: true, reason: failure });
    expect(failed).to.include({ failure, timedOut: false });
    using over = new Deadline(AbortSignal.abort('why'), undefined);
    over.fail(failure);
    expect(over.failure).to.equal(null);
    expect(over.signal.reason).to.equal('why');
  });
});
