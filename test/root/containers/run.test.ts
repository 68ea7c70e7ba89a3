import { closeSync, existsSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { LaunchError, RunError } from '../../../ts/errors/index.ts';
import { Orlop, type RunInput, type RunOptions } from '../../../ts/index.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('run', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop({ '/bin/not-executable': '#!/bin/sh\n', '/bin/no-interpreter': '#!/no/such\n' });
  let before: Record<string, string[]>;

  beforeEach(() => {
    before = storeContent(fixture());
  });
  afterEach(() => {
    expect(storeContent(fixture()), 'the store after the test').to.deep.equal(before);
  });

  const run = (script: string, options: RunOptions & RunInput = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { volumes: ['/data'], ...options });

  it('does nothing when its signal is aborted already', async () => {
    const reason = new Error('enough');
    const error = await refusal(run('true', { signal: AbortSignal.abort(reason) }));
    expect(error.code).to.equal('ORLOP_E_ABORTED');
    expect(error.cause).to.equal(reason);
  });

  it('is ended by its signal at any time, and leaves nothing', async () => {
    for (const turns of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const controller = new AbortController();
      const ended = refusal(run('sleep 1000', { signal: controller.signal }));
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      expect((await ended).code, `aborted after ${turns} turns`).to.equal('ORLOP_E_ABORTED');
    }
  });

  it('is ended by its time-out, and leaves nothing', async () => {
    const error = await refusal(run('sleep 1000', { timeout: 500 }));
    expect(error.code).to.equal('ORLOP_E_TIMEOUT');
    expect(error.message).to.include('500 ms');
  });

  it('tells what its application had done when it was ended, however that was', async () => {
    const { orlop } = fixture();
    const controller = new AbortController();
    const begun = async () => {
      await until('the application', async () => (await orlop.containers.list()).items[0]?.pid);
      await until('its output', async () => {
        const pid = (await orlop.containers.list()).items[0]?.pid;
        return pid !== undefined && existsSync(`/proc/${pid}/root/tmp/begun`);
      });
      controller.abort();
    };
    const script = 'echo out; echo err >&2; : > /tmp/begun; sleep 1000';
    const [byTime, bySignal, byOutput] = await Promise.all([
      refusal(run('echo out; echo err >&2; sleep 1000', { timeout: 2000 })),
      Promise.all([refusal(run(script, { signal: controller.signal })), begun()]).then(([error]) => error),
      refusal(run('echo err >&2; yes out', { maxBuffer: 8 })),
    ]);
    for (const [error, code] of [
      [byTime, 'ORLOP_E_TIMEOUT'],
      [bySignal, 'ORLOP_E_ABORTED'],
    ] as const) {
      expect(error).to.be.instanceOf(RunError);
      expect(error).to.include({ code, stdout: 'out\n', stderr: 'err\n', exitCode: 137, signal: 'SIGKILL' });
    }
    expect(byOutput).to.include({ code: 'ORLOP_E_BUFFER', stdout: 'out\nout\n', stderr: 'err\n', exitCode: 137 });
  });

  it('has no time-out with 0, as in Node', async () => {
    expect((await run('echo in time', { timeout: 0 })).stdout).to.equal('in time\n');
  });

  it('gives its outputs as bytes if asked', async () => {
    const { orlop } = fixture();
    const command = ['sh', '-c', String.raw`printf '\377\0a'; printf '\376' >&2; exit 3`];
    const { stdout, stderr, exitCode } = await orlop.run('busybox', command, { encoding: 'buffer' });
    expect([stdout, stderr, exitCode]).to.deep.equal([Buffer.from([255, 0, 97]), Buffer.from([254]), 3]);
    const ended = await refusal(orlop.run('busybox', ['yes'], { encoding: 'buffer', maxBuffer: 4 }));
    expect((ended as RunError).stdout).to.deep.equal(Buffer.from('y\ny\n'));
    const odd = { encoding: 'latin1' } as unknown as RunInput;
    expect((await refusal(run('true', odd))).code).to.equal('ORLOP_E_INPUT');
  });

  it('tells a start that its time-out ended from one that was killed', async () => {
    const { orlop } = fixture();
    for (const [timeout, expected] of [
      [300, { exitCode: 137, signal: 'SIGKILL', timedOut: true }],
      [0, { exitCode: 137, signal: 'SIGKILL' }],
    ] as const) {
      await using container = await orlop.create('busybox', ['sleep', '1000'], { rm: true });
      await using running = await container.start({ timeout });
      if (timeout === 0) running.kill('SIGKILL');
      expect(await running.exited).to.include(expected);
      expect(await container.wait()).to.include(expected);
    }
  });

  it('ends with its block, as a container and as an application', async () => {
    const { orlop } = fixture();
    let pid = 0;
    {
      await using container = await orlop.create('busybox', ['sleep', '1000'], { volumes: ['/data'] });
      await using running = await container.start();
      pid = running.pid;
      expect(existsSync(`/proc/${pid}`)).to.equal(true);
    }
    expect(existsSync(`/proc/${pid}`)).to.equal(false);
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    {
      await using container = await orlop.create('busybox', ['true']);
      await container.remove();
    }
  });

  it('is refused once the runtime is closed, as is every other call', async () => {
    const { root, run } = fixture();
    const closed = await Orlop.open({ root, run });
    await closed.close();
    await closed.close();
    for (const call of [
      () => closed.run('busybox', ['true']),
      () => closed.create('busybox', ['true']),
      () => closed.plan('busybox', ['true']),
      () => closed.pool('busybox', { size: 1 }),
      () => closed.container('x'),
      () => closed.containers.list(),
      () => closed.containers.remove('x'),
      () => closed.images.list(),
      () => closed.images.tag('busybox', 'x'),
      () => closed.images.load('/dev/null'),
      () => closed.volumes.create('x'),
      () => closed.volumes.remove('x'),
    ]) {
      expect((await refusal(call())).code, String(call)).to.equal('ORLOP_E_CLOSED');
    }
  });

  it('is ended by its time-out though another process holds its output', async () => {
    const { orlop } = fixture();
    let held = -1;
    // Longer where it was over before the application could be seen.
    for (let timeout = 1000; held === -1; timeout *= 2) {
      let over = false;
      const ended = refusal(run('exec sleep 1000', { timeout })).finally(() => {
        over = true;
      });
      const pid = await until(
        'the application',
        async () => (await orlop.containers.list()).items[0]?.pid ?? (over && 0),
      );
      try {
        held = openSync(`/proc/${pid}/fd/1`, 'w');
      } catch {}
      try {
        expect((await ended).code).to.equal('ORLOP_E_TIMEOUT');
        expect(storeContent(fixture())).to.deep.equal(before);
      } finally {
        if (held !== -1) closeSync(held);
      }
    }
  });

  it('takes a time-out that is longer than a timer can be, and refuses one that is none', async () => {
    expect((await run('echo in time', { timeout: 1e12 })).stdout).to.equal('in time\n');
    expect((await refusal(run('true', { timeout: Number.NaN }))).code).to.equal('ORLOP_E_INPUT');
  });

  it('keeps no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, given);
    };
    signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, given);
    };
    await run('true', { signal });
    expect(listeners).to.equal(0);
  });

  it('kills an application that writes more than maxBuffer to either stream', async () => {
    for (const stream of [1, 2]) {
      const error = await refusal(run(`yes >&${stream}`, { maxBuffer: 100_000 }));
      expect(error.code).to.equal('ORLOP_E_BUFFER');
      expect(error.message).to.include(stream === 1 ? 'stdout' : 'stderr');
    }
  });

  it('takes Infinity for no limit, and nothing that is no number of bytes', async () => {
    const { stdout } = await run('echo hi', { maxBuffer: Number.POSITIVE_INFINITY });
    expect(stdout).to.equal('hi\n');
    for (const odd of [-1, Number.NaN, '5']) {
      expect((await refusal(run('true', { maxBuffer: odd as number }))).code, `${odd}`).to.equal('ORLOP_E_INPUT');
    }
  });

  it('refuses an input that is none before anything runs', async () => {
    expect((await refusal(run('cat', { input: 5 as unknown as string }))).code).to.equal('ORLOP_E_INPUT');
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('takes exactly maxBuffer bytes', async () => {
    const { stdout } = await run('head -c 100000 /dev/zero', { maxBuffer: 100_000 });
    expect(stdout).to.have.length(100_000);
  });

  it('passes input on as it is, also binary and large', async () => {
    const input = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
    const { stdout } = await run('sha256sum', { input });
    const { createHash } = await import('node:crypto');
    expect(stdout).to.equal(`${createHash('sha256').update(input).digest('hex')}  -\n`);
    expect((await run('cat', { input: 'grüße\n' })).stdout).to.equal('grüße\n');
    expect((await run('wc -c', { input: '' })).stdout).to.equal('0\n');
  });

  it('does not mind input that is not read', async () => {
    const { exitCode } = await run('exec true', { input: Buffer.alloc(1 << 20) });
    expect(exitCode).to.equal(0);
  });

  it('has no input unless given', async () => {
    expect((await run('wc -c; stat -L -c %t:%T /proc/self/fd/0')).stdout).to.equal('0\n1:3\n');
  });

  it('reads large outputs on both streams without a deadlock', async () => {
    const script = 'for i in 1 2 3 4; do head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; done';
    const { stdout, stderr } = await run(script);
    expect([stdout.length, stderr.length]).to.deep.equal([4_000_000, 4_000_000]);
  });

  it('ends with PID 1, though a child holds the streams open', async () => {
    const { stdout, exitCode } = await run('sleep 1000 & echo started; exit 7');
    expect({ stdout, exitCode }).to.deep.equal({ stdout: 'started\n', exitCode: 7 });
  });

  it('says how the application ended', async () => {
    const ways: readonly [script: string, exitCode: number, signal: string | null][] = [
      ['exit 0', 0, null],
      ['exit 1', 1, null],
      ['exit 255', 255, null],
      ['exit 137', 137, null],
      // PID 1 is not killed by its own signals, nor is a shell by those of its children.
      ['kill -9 $$; exit 3', 3, null],
      ['sh -c "kill -15 \\$\\$"; exit $?', 143, null],
    ];
    for (const [script, exitCode, signal] of ways) {
      const result = await run(script);
      expect({ exitCode: result.exitCode, signal: result.signal }, script).to.deep.equal({ exitCode, signal });
    }
  });

  it('has Docker’s exit codes for what cannot be executed, and leaves nothing', async () => {
    const refused: readonly [argv: readonly string[], exitCode: number, code: string][] = [
      [['no-such-program'], 127, 'ENOENT'],
      [['/no/such/program'], 127, 'ENOENT'],
      [['/bin/not-executable'], 126, 'EACCES'],
      [['/etc'], 126, 'EACCES'],
      [['/bin'], 126, 'EACCES'],
    ];
    for (const [argv, exitCode, code] of refused) {
      const error = await fixture()
        .orlop.run('busybox', argv, { volumes: ['/data'] })
        .catch((reason: unknown) => reason);
      if (!(error instanceof LaunchError)) throw new Error(`expected a LaunchError for ${argv}`, { cause: error });
      expect({ exitCode: error.exitCode, code: error.code, step: error.step }, argv.join(' ')).to.deep.equal({
        exitCode,
        code,
        step: 'exec',
      });
    }
  });

  it('leaves nothing when a mount is refused', async () => {
    // A directory cannot be mounted where the image has a file.
    const error = await run('true', { volumes: ['/data', 'named:/etc/passwd'] }).catch((reason: unknown) => reason);
    expect(error).to.be.an('error');
    expect((error as { exitCode?: number }).exitCode ?? 125).to.equal(125);
    await fixture().orlop.volumes.remove('named');
  });

  it('keeps the container where it is asked to', async () => {
    const { container } = await run('echo kept > /f', { rm: false });
    const kept = await fixture().orlop.container(container.id);
    expect((await kept.summary()).status).to.equal('exited');
    await kept.remove({ volumes: true });
  });

  it('has recorded that it runs long before its end, whether the container is kept or not', async () => {
    const { orlop } = fixture();
    // The first start of a program goes another way than those after it.
    for (const rm of [true, true, true, false]) {
      const controller = new AbortController();
      const ended = refusal(run('sleep 1000', { rm, signal: controller.signal }));
      const [summary] = await until('it is listed as running', async () => {
        const { items } = await orlop.containers.list();
        return items.length > 0 && items;
      });
      expect(summary?.pid).to.be.above(0);
      controller.abort();
      await ended;
      if (!rm) await orlop.containers.remove(summary?.id ?? '', { volumes: true });
    }
  });

  it('lets others name and remove images while it runs', async () => {
    const { orlop } = fixture();
    // The first start of a program goes another way than those after it.
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const ended = refusal(run('sleep 1000', { signal: controller.signal }));
      await until('it runs', async () => (await orlop.containers.list()).items.length > 0);
      await orlop.images.tag('busybox', 'busybox:other');
      const { untagged } = await orlop.images.remove('busybox:other');
      expect(untagged).to.deep.equal(['busybox:other']);
      controller.abort();
      expect((await ended).code).to.equal('ORLOP_E_ABORTED');
    }
  });

  it('removes the container though rm is written as undefined', async () => {
    const { container } = await run('true', { rm: undefined });
    expect((await refusal(fixture().orlop.container(container.id))).code).to.equal('ORLOP_E_NO_CONTAINER');
  });
});
