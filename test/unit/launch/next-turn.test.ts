import { expect } from 'chai';
import { inNextTurn, nextTurn } from '../../../ts/launch/next-turn.ts';

describe('the next turn of the event loop', () => {
  it('comes after the immediates of this one', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      // An event: what it asks for at once belongs to its turn.
      setTimeout(() => {
        inNextTurn((name) => {
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
    await nextTurn();
    expect(turned).to.equal(true);
  });
});
