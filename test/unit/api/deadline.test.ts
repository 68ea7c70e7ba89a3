import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { Deadline } from '../../../ts/api/deadline.ts';
import { RequestError } from '../../../ts/errors/index.ts';

describe('a deadline', () => {
  it('is over with the signal of the caller, before and after somebody has asked for its own', () => {
    const caller = new AbortController();
    using asked = new Deadline(caller.signal, undefined);
    using unasked = new Deadline(caller.signal, 60_000);
    expect([asked.signal.aborted, asked.aborted, unasked.aborted]).to.deep.equal([false, false, false]);
    caller.abort('why');
    expect([asked.signal.aborted, asked.aborted, unasked.aborted]).to.deep.equal([true, true, true]);
    expect([asked.signal.reason, unasked.signal.reason]).to.deep.equal(['why', 'why']);
    expect([asked.timedOut, unasked.timedOut]).to.deep.equal([false, false]);
  });

  it('is over when its time has passed since somebody asked, and says so', async () => {
    using deadline = new Deadline(undefined, 1);
    await new Promise<void>((resolve) => deadline.signal.addEventListener('abort', () => resolve()));
    expect(deadline).to.include({ aborted: true, timedOut: true });
  });

  it('keeps one signal, and lets go of the caller’s at its end', () => {
    const { signal } = new AbortController();
    {
      using deadline = new Deadline(signal, 60_000);
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
      expect(deadline.signal).to.equal(deadline.signal);
      expect(getEventListeners(signal, 'abort')).to.have.length(1);
    }
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('refuses what is no time, before anybody asks', () => {
    expect(() => new Deadline(undefined, -1)).to.throw(RequestError, 'not a number of milliseconds');
  });
});
