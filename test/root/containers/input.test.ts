import { closeSync, createReadStream, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Input, RequestError, RunError, type RunInput } from '../../../ts/index.ts';
import { ownChildren } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('the input of a run', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const run = <Reject extends boolean = true>(script: string, input: Input, options: RunInput<Reject> = {}) =>
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
      await delay(300);
      throw new Error('the source is broken');
    };
    const error = await refusal(run('cat; sleep 1000', failing()));
    expect(error).to.be.instanceOf(RunError);
    expect(error).to.include({ code: 'ORLOP_E_INPUT', exitCode: 137, signal: 'SIGKILL', stdout: 'begun\n' });
    expect(error).to.have.nested.property('usage.wallMs').above(0);
    expect(error.message).to.contain('the source is broken');
    expect(ownChildren().filter(({ name }) => name === 'sleep')).to.deep.equal([]);
    const objects = Readable.from([{ no: 'text' }]) as unknown as Input;
    expect((await refusal(run('cat', objects))).message).to.contain('the input cannot be read');
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('may fail before the application has begun, and after its end', async () => {
    const missing = () => createReadStream('/nonexistent/data');
    const outcome = await run('cat', missing(), { reject: false });
    expect(outcome.error).to.have.property('code', 'ORLOP_E_INPUT');
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    expect(await refusal(pool.run(['cat'], { input: missing() }))).to.have.property('code', 'ORLOP_E_INPUT');
    const late = new Readable({
      autoDestroy: false,
      read: () => {},
      destroy: (_, done) => setTimeout(done, 50, new Error('it cannot be closed')),
    });
    late.push('some');
    late.push(null);
    expect((await run('cat', late)).stdout).to.equal('some');
    late.destroy();
    await until('the stream is closed', () => late.closed);
  });

  it('is closed when the application is not started', async () => {
    const { orlop } = fixture();
    const pool = await orlop.pool('busybox', { size: 1 });
    await pool.close();
    const starts: ((input: Input) => Promise<unknown>)[] = [
      (input) => orlop.run('busybox', ['/missing'], { input }),
      (input) => orlop.run('busybox', ['cat'], { input, signal: AbortSignal.abort() }),
      (input) => orlop.run('busybox', ['cat'], { input, maxBuffer: -1 }),
      (input) => orlop.run('busybox', ['cat'], { input, timeout: -1 }),
      (input) => orlop.run('busybox', ['cat'], { input, reject: 'no' as unknown as boolean }),
      (input) => pool.run(['cat'], { input }),
    ];
    for (const start of starts) {
      const stream = Readable.from(['some']);
      let cancelled = false;
      const web = new ReadableStream({
        cancel: () => {
          cancelled = true;
        },
      });
      for (const input of [stream, web]) expect(await start(input).catch(() => 'refused')).to.equal('refused');
      expect([stream.destroyed, cancelled], String(start)).to.deep.equal([true, true]);
    }
  });

  it('may obey the signal of the run', async () => {
    const signal = AbortSignal.timeout(500);
    const stream = new Readable({ read: () => {}, signal });
    stream.push('begun\n');
    const outcome = await run('cat; sleep 1000', stream, { signal, reject: false });
    expect(outcome.error).to.have.property('code', 'ORLOP_E_ABORTED');
    expect(outcome).to.include({ exitCode: 137, signal: 'SIGKILL', stdout: 'begun\n' });
    expect(outcome.usage).to.have.property('wallMs').above(0);
  });

  it('is a web stream that is cancelled while it waits', async () => {
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('some')),
      pull: () => new Promise(() => {}),
      cancel: () => {
        cancelled = true;
      },
    });
    expect((await run('head -c 4', web)).stdout).to.equal('some');
    await until('the web stream is cancelled', () => cancelled);
  });

  it('leaves the program its timers, and the source its memory', async () => {
    const empty = function* () {
      const end = Date.now() + 20_000;
      while (Date.now() < end) yield '';
    };
    const outcome = await run('cat', empty(), { timeout: 500, reject: false });
    expect(outcome).to.have.property('timedOut', true);
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const again = function* () {
      const chunk = Buffer.alloc(8192);
      for (const letter of letters) yield chunk.fill(letter);
    };
    const { stdout } = await run('sleep 0.3; fold -w 8192 | cut -c 1 | tr -d "\\n"', again());
    expect(stdout).to.equal(letters);
  });

  it('is refused if it cannot be read at all', async () => {
    const locked = new ReadableStream();
    locked.getReader();
    const broken = {
      [Symbol.iterator]: () => {
        throw new Error('no iterator');
      },
    };
    for (const input of [locked, broken, { [Symbol.asyncIterator]: undefined }, { [Symbol.iterator]: 5 }, 5]) {
      const { error } = await run('cat', input as Input, { reject: false });
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_INPUT');
    }
    const sullen = Object.assign(new Readable({ read: () => {} }), {
      destroy: () => {
        throw new Error('it cannot be closed');
      },
    });
    sullen.push('some');
    expect((await run('head -c 4', sullen)).stdout).to.equal('some');
  });

  it('is refused if it was read before', async () => {
    const used = Readable.from(['some']);
    for await (const _ of used);
    const error = await refusal(run('cat', used));
    expect(error).to.include({ code: 'ORLOP_E_INPUT' });
    expect(error.message).to.equal('the input cannot be read: the stream was read to its end before');
    expect(error).to.not.be.instanceOf(RunError);
    // One that has ended, and still holds all of it.
    const full = new Readable({ read: () => {} });
    full.push('all');
    full.push(null);
    expect((await run('cat', full)).stdout).to.equal('all');
  });

  it('may be written to after its end', async () => {
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    socket.push('asked');
    socket.push(null);
    expect((await run('cat', socket)).stdout).to.equal('asked');
    expect(socket).to.include({ destroyed: false, writable: true });
  });

  it('ends the run when it fails, also if another process holds the output', async () => {
    let held: number | undefined;
    const failing = async function* () {
      yield 'begun\n';
      const pid = await until('the application reads', () => ownChildren().find(({ name }) => name === 'cat')?.pid);
      held = openSync(`/proc/${pid}/fd/1`, 'w');
      throw new Error('the source is broken');
    };
    const outcome = await fixture().orlop.run('busybox', ['cat'], { input: failing(), reject: false });
    expect(outcome).to.include({ exitCode: 137, signal: 'SIGKILL' });
    expect(outcome.error).to.be.instanceOf(RunError).with.property('code', 'ORLOP_E_INPUT');
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
    if (held !== undefined) closeSync(held);
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
