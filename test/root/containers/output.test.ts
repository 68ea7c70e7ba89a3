import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { type Pool, RunError, type RunInput } from '../../../ts/index.ts';
import { counts, ownChildren, ownDescriptors, untilNoMoreDescriptors } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('the outputs of a run', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  let pool: Pool;
  beforeEach(async () => {
    pool = await fixture().orlop.pool('busybox', { size: 1 });
  });
  afterEach(() => pool.close());

  /** Runs a script in a new container, and in one of the pool. */
  const both = <Result>(test: (run: typeof pool.run) => Promise<Result>) => [
    () =>
      test(
        (argv: readonly string[] = [], options = {}) =>
          fixture().orlop.run('busybox', argv, options as RunInput) as never,
      ),
    () => test((argv: readonly string[] = [], options = {}) => pool.run(argv, options as RunInput) as never),
  ];
  const sh = (script: string) => ['sh', '-c', script];
  const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  it('are lines, of a result, an outcome and an error', async () => {
    const { orlop } = fixture();
    const script = sh('echo one; echo; printf two; echo err >&2; exit 3');
    for (const test of both((run) => run(script, { lines: true }))) {
      expect(await test()).to.deep.include({ stdout: ['one', '', 'two'], stderr: ['err'], exitCode: 3 });
    }
    const outcome = await orlop.sandbox('busybox', ['true'], { lines: true, all: true, volumes: ['relative:x'] });
    expect(outcome).to.deep.include({ exitCode: 125, stdout: [], stderr: [], all: [] });
    const late = orlop.run('busybox', sh('echo begun; sleep 1000'), { lines: true, timeout: 1000 });
    const error = await late.catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.instanceOf(RunError)
      .and.to.deep.include({ stdout: ['begun'], stderr: [], all: undefined });
  });

  it('are one too, in the order in which they came', async () => {
    const script = sh('for i in 1 2 3; do echo out $i; sleep 0.1; echo err $i >&2; sleep 0.1; done');
    const expected = ['out 1', 'err 1', 'out 2', 'err 2', 'out 3', 'err 3'];
    for (const test of both((run) => run(script, { all: true }))) {
      const { all, stdout, stderr, exitCode } = await test();
      expect([all, exitCode]).to.deep.equal([`${expected.join('\n')}\n`, 0]);
      expect([stdout, stderr]).to.deep.equal(['out 1\nout 2\nout 3\n', 'err 1\nerr 2\nerr 3\n']);
    }
    const { all } = await pool.run(script, { all: true, lines: true });
    expect(all).to.deep.equal(expected);
    const { all: bytes } = await pool.run(sh('printf "\\377"; sleep 0.1; printf "\\376" >&2'), {
      all: true,
      encoding: 'buffer',
    });
    expect(bytes).to.deep.equal(Buffer.from([0xff, 0xfe]));
  });

  it('are given while the application runs, which can wait for an answer', async () => {
    for (const test of both(async (run) => {
      let resolve: (line: string) => void = () => {};
      const promise = new Promise<string>((done) => {
        resolve = done;
      });
      const input = (async function* () {
        yield `${await promise}\n`;
      })();
      const errors: string[] = [];
      const onStderr = (line: string) => errors.push(line);
      const script = sh('echo question; read answer; echo "got $answer" >&2');
      const { stdout } = await run(script, { input, lines: true, onStdout: (line) => resolve(`${line}!`), onStderr });
      return [stdout, errors];
    })) {
      expect(await test()).to.deep.equal([['question'], ['got question!']]);
    }
  });

  it('are given in whole characters, or as the bytes', async () => {
    const script = sh('printf "a\\342\\202"; sleep 0.3; printf "\\254b"');
    const texts: string[] = [];
    const { stdout } = await pool.run(script, { onStdout: (text) => texts.push(text) });
    expect([stdout, texts]).to.deep.equal(['a€b', ['a', '€b']]);
    const chunks: Buffer[] = [];
    await pool.run(script, { encoding: 'buffer', onStdout: (bytes) => chunks.push(bytes) });
    expect(chunks).to.deep.equal([Buffer.from([0x61, 0xe2, 0x82]), Buffer.from([0xac, 0x62])]);
  });

  it('are all of what was written, also of many at once', async () => {
    const script = sh('head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2');
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        let heard = 0;
        const onStdout = (bytes: Buffer) => {
          heard += bytes.length;
        };
        const options = { encoding: 'buffer', all: true, onStdout } as const;
        const { stdout, stderr, all } = await fixture().orlop.run('busybox', script, options);
        expect([stdout.length, stderr.length, all.length, heard]).to.deep.equal([3e6, 2e6, 5e6, 3e6]);
      }),
    );
  });

  it('keep the application waiting while the program has not taken them', async () => {
    let isFirst = true;
    const onStdout = () => {
      if (isFirst) pause(700);
      isFirst = false;
    };
    const { stdout, usage } = await fixture().orlop.run('busybox', ['head', '-c', '4000000', '/dev/zero'], {
      onStdout,
    });
    expect(stdout).to.have.length(4_000_000);
    // As the kernel saw it: it wrote to a full pipe meanwhile.
    expect(usage.wallMs).to.be.above(500);
  });

  it('are within their limits', async () => {
    const { orlop } = fixture();
    for (const test of both((run) => run(['yes'], { all: true, maxBuffer: 5, reject: false }))) {
      const flood = await test();
      expect(flood).to.include({
        exitCode: 137,
        signal: 'SIGKILL',
        stdout: 'y\ny\ny',
        all: 'y\ny\ny',
        limit: 'output',
      });
      expect(flood.error).to.be.instanceOf(RunError).and.to.include({ code: 'ORLOP_E_BUFFER', all: 'y\ny\ny' });
    }
    const exact = await orlop.run('busybox', ['echo', 'four'], { all: true, maxBuffer: 5 });
    expect(exact).to.include({ stdout: 'four\n', limit: null });
    const options = { limits: { output: 4 }, lines: true, onStdout: () => {} } as const;
    expect(await orlop.run('busybox', ['yes'], options)).to.deep.include({ stdout: ['y', 'y'], limit: 'output' });
    const errors = await orlop.run('busybox', sh('yes >&2'), { all: true, maxBuffer: 3, reject: false });
    expect(errors.error?.message).to.contain('to its stderr');
  });

  it('are in the error of a run that was ended, up to its end', async () => {
    const controller = new AbortController();
    const abort = { signal: controller.signal, onStdout: () => controller.abort(), reject: false, all: true } as const;
    const aborted = await pool.run(sh('echo begun; sleep 1000'), abort);
    expect(aborted).to.include({ exitCode: 137, stdout: 'begun\n', all: 'begun\n' });
    expect(aborted.error).to.be.instanceOf(RunError).with.property('code', 'ORLOP_E_ABORTED');
    const late = await fixture().orlop.run('busybox', sh('echo begun; sleep 1000'), {
      ...abort,
      timeout: 1000,
      signal: undefined,
      onStdout: undefined,
    });
    expect(late).to.include({ exitCode: 137, all: 'begun\n', timedOut: true, limit: 'wallTime' });
    expect(late.usage?.wallMs).to.be.above(100);
    const broken = async function* () {
      yield 'some';
      throw new Error('the source is broken');
    };
    const failed = await pool.run(['cat'], { input: broken(), all: true, reject: false });
    expect(failed.error).to.have.property('code', 'ORLOP_E_INPUT');
  });

  it('end the run with what the function throws that gets them', async () => {
    const { orlop } = fixture();
    const mine = new TypeError('of the caller');
    const onStdout = (text: string) => {
      if (text.includes('end')) throw mine;
    };
    // While the application runs, at its end, and in what comes after it.
    for (const script of ['echo end; sleep 1000', 'echo end', 'printf "end\\303"']) {
      for (const reject of [true, false]) {
        for (const test of both((run) => run(sh(script), { onStdout, reject }))) {
          expect(await test().catch((error: unknown) => error)).to.equal(mine);
        }
      }
    }
    const last = await orlop
      .run('busybox', ['printf', 'a\\nb'], { lines: true, onStdout: (line) => line === 'b' && onStdout('end') })
      .catch((error: unknown) => error);
    expect(last).to.equal(mine);
    expect((await orlop.containers.list()).items).to.deep.equal([]);
    expect(ownChildren().filter(({ name }) => name === 'sleep')).to.deep.equal([]);
  });

  it('leave no descriptor open', async () => {
    const run = () => fixture().orlop.run('busybox', ['echo', 'some'], { all: true });
    await run();
    const before = counts(ownDescriptors());
    for (let times = 0; times < 20; times++) await run();
    await untilNoMoreDescriptors(before);
  });

  it('end although another process holds them, at the time-out and at the limit of time', async function () {
    // An ordinary user reaches no descriptor of a container.
    requiresIn(this, 'root');
    const { orlop } = fixture();
    const limited = await orlop.pool('busybox', { size: 1, limits: { wallTime: 1000 } });
    const cases = [
      { script: 'echo begun; exec sleep 600', expected: { exitCode: 137, signal: 'SIGKILL' } },
      { script: 'echo begun; exec sleep 0.5', expected: { exitCode: 0, signal: null } },
    ];
    for (const { script, expected } of cases) {
      const options = { all: true, reject: false } as const;
      for (const run of [
        () => orlop.run('busybox', sh(script), { ...options, timeout: 1000 }),
        () => orlop.run('busybox', sh(script), { ...options, limits: { wallTime: 1000 } }),
        () => limited.run(sh(script), options),
      ]) {
        const running = run();
        const pid = await until('the application', () => ownChildren().find(({ name }) => name === 'sleep')?.pid);
        const held = openSync(`/proc/${pid}/fd/1`, 'w');
        expect(await running).to.include({ ...expected, all: 'begun\n', limit: 'wallTime', timedOut: true });
        closeSync(held);
      }
    }
    await limited.close();
  });
});
