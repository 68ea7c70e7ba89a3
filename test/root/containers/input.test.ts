import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Input } from '../../../ts/index.ts';
import { ownChildren } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('the input of a run', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const run = (script: string, input: Input, options = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { input, ...options });

  it('may be a file, a stream, a generator, a list', async () => {
    const path = join(fixture().directory, 'input');
    writeFileSync(path, 'line\n'.repeat(100_000));
    expect((await run('wc -l', createReadStream(path))).stdout).to.equal('100000\n');
    expect((await run('cat', Readable.from(['a', Buffer.from('b'), 'ü']))).stdout).to.equal('abü');
    const slow = async function* () {
      yield 'first\n';
      await delay(50);
      yield 'second\n';
    };
    expect((await run('cat', slow())).stdout).to.equal('first\nsecond\n');
    expect((await run('cat', ['x', 'y'])).stdout).to.equal('xy');
    expect((await run('wc -c', [])).stdout).to.equal('0\n');
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    expect((await pool.run(['cat'], { input: slow() })).stdout).to.equal('first\nsecond\n');
  });

  it('is given at the pace of the application', async () => {
    let given = 0;
    const endless = function* () {
      for (;;) yield Buffer.alloc(1 << 20, given++);
    };
    const { stdout } = await run('head -c 10 >/dev/null; sleep 0.3; echo read', endless());
    expect(stdout).to.equal('read\n');
    // A pipe of 64 kB and what the stream and `head` hold.
    expect(given).to.be.below(4);
  });

  it('is closed when the application does not read it to its end, and not waited for', async () => {
    let closed = false;
    const waiting = new Readable({ read: () => {}, destroy: (error, done) => done(error) });
    waiting.on('close', () => {
      closed = true;
    });
    waiting.push('some');
    expect((await run('head -c 4', waiting)).stdout).to.equal('some');
    await until('the stream is closed', () => closed);
    let returned = false;
    const generator = async function* () {
      try {
        for (;;) yield 'more\n';
      } finally {
        returned = true;
      }
    };
    expect((await run('head -n 1', generator())).stdout).to.equal('more\n');
    await until('the generator is ended', () => returned);
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    expect((await run('echo done', never)).stdout).to.equal('done\n');
    const sullen = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: 'more\n' }),
        return: () => {
          throw new Error('it does not close');
        },
      }),
    };
    expect((await run('head -n 1', sullen)).stdout).to.equal('more\n');
  });

  it('ends the run when it fails, and leaves nothing', async () => {
    const failing = async function* () {
      yield 'begun\n';
      throw new Error('the source is broken');
    };
    const error = await refusal(run('cat; sleep 1000', failing()));
    expect(error).to.include({ code: 'ORLOP_E_INPUT' });
    expect(error.message).to.contain('the source is broken');
    expect(ownChildren().filter(({ name }) => name === 'sleep')).to.deep.equal([]);
    const objects = Readable.from([{ no: 'text' }]) as unknown as Input;
    expect((await refusal(run('cat', objects))).message).to.contain('the input cannot be read');
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('does not outlive a time-out', async () => {
    const never = async function* () {
      yield 'x';
      await delay(1_000_000, undefined, { ref: false });
    };
    const outcome = await run('cat', never(), { timeout: 500, reject: false });
    expect(outcome).to.include({ stdout: 'x' }).and.to.have.property('timedOut', true);
  });
});
