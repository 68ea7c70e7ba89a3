import { expect } from 'chai';
import { inNextTick, nextTick } from '../../../ts/launch/next-tick.ts';

describe('the next tick of the event loop', () => {
  it('comes after the immediates of this one', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      // An event: what it asks for at once belongs to its tick.
      setTimeout(() => {
        inNextTick((name) => {
          order.push(name);
          resolve();
        }, 'next');
        setImmediate(() => order.push('this'));
      });
    });
    expect(order).to.deep.equal(['this', 'next']);
  });

  it('can be waited for', async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await nextTick();
    expect(turned).to.equal(true);
  });
});
