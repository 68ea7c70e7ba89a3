import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect } from 'chai';
import { OutputStream } from '../../../ts/supervise/output-stream.ts';

describe('the stream of what an application writes', () => {
  it('tells its reader that the pipe cannot be read, and closes it', async () => {
    let closed = 0;
    const stream = new OutputStream({
      open: () => {
        throw new Error('no socket');
      },
      close: () => closed++,
    });
    const [error] = await once(stream, 'error');
    expect(error).to.be.instanceOf(Error).and.to.include({ message: 'no socket' });
    expect([stream.destroyed, closed]).to.deep.equal([true, 1]);
  });

  it('closes a pipe whose stream is not read, without making a socket', async () => {
    const done: string[] = [];
    const stream = new OutputStream({
      open: () => {
        done.push('open');
        return new Socket();
      },
      close: () => done.push('close'),
    });
    stream.destroy();
    await once(stream, 'close');
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(done).to.deep.equal(['close']);
  });
});
