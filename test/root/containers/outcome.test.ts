import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { LaunchError, Orlop, RequestError, RunError } from '../../../ts/index.ts';
import { ownChildren } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('the outcome of a run', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = (script: string, options = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { ...options, reject: false });
  /** Opens the standard output of the application, as if it had sent it to this program. */
  const hold = async () => {
    const pid = await until('the application', () => ownChildren().find(({ name }) => name === 'sleep')?.pid);
    return openSync(`/proc/${pid}/fd/1`, 'w');
  };
  const nothing = { timedOut: false, oomKilled: false, limit: null };

  it('is its result, with its times and its container', async () => {
    const { timings, container, usage, ...outcome } = await sh('echo out; echo err >&2; exit 3');
    expect(outcome).to.deep.equal({
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      error: null,
      ...nothing,
    });
    expect(usage?.wallMs).to.be.above(0);
    expect(timings?.steps.length).to.be.above(0);
    expect(container?.id).to.match(/^[0-9a-f]{64}$/);
  });

  it('is what a run had done that its time-out, its signal or too much output ended', async () => {
    const late = await sh('echo begun; sleep 1000', { timeout: 1000 });
    expect(late).to.include({ exitCode: 137, signal: 'SIGKILL', stdout: 'begun\n', timedOut: true, limit: 'wallTime' });
    expect(late.error).to.be.instanceOf(RunError).with.property('code', 'ORLOP_E_TIMEOUT');
    expect(late.usage?.wallMs).to.be.within(100, 20_000);

    const flood = await sh('while :; do echo flood; done', { maxBuffer: 600 });
    expect(flood).to.include({ exitCode: 137, signal: 'SIGKILL', timedOut: false, limit: 'output' });
    expect(flood.stdout).to.match(/^(flood\n){100}$/);

    const controller = new AbortController();
    const aborted = sh('sleep 1000', { signal: controller.signal });
    controller.abort();
    expect(await aborted).to.include({ ...nothing });
    expect((await aborted).error).to.have.property('code', 'ORLOP_E_ABORTED');
  });

  it('is an exit code, as of a shell, where nothing was started', async () => {
    const { orlop } = fixture();
    const options = { reject: false } as const;
    const missing = await orlop.run('busybox', ['/missing'], options);
    expect(missing).to.deep.include({ exitCode: 127, signal: null, stdout: '', stderr: '', usage: null, ...nothing });
    expect(missing.error).to.be.instanceOf(LaunchError);
    const directory = await orlop.run('busybox', ['/bin'], options);
    expect(directory.exitCode).to.equal(126);
    const unknown = await orlop.run('no-such-image', [], { reject: false, encoding: 'buffer' });
    expect(unknown.exitCode).to.equal(125);
    expect(unknown.stdout).to.deep.equal(Buffer.alloc(0));
    expect(unknown.error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_NO_IMAGE');
    expect((await sh('true', { volumes: ['relative:x'] })).error).to.be.instanceOf(RequestError);
  });

  it('is given by a pool', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    const late = await pool.run(['sleep', '1000'], { timeout: 300, reject: false });
    expect(late).to.include({ exitCode: 137, timedOut: true, limit: 'wallTime' });
    const result = await pool.run(['sh', '-c', 'exit 4'], { reject: false });
    expect(result).to.include({ exitCode: 4, error: null, ...nothing });
  });

  it('is given while another process holds the output', async () => {
    const { orlop } = fixture();
    await using pool = await orlop.pool('busybox', { size: 1 });
    const options = { timeout: 1000, reject: false } as const;
    const command = ['sh', '-c', 'echo begun; exec sleep 1000'];
    for (const run of [() => orlop.run('busybox', command, options), () => pool.run(command, options)]) {
      const late = run();
      const held = await hold();
      const outcome = await late;
      expect(outcome).to.include({ exitCode: 137, signal: 'SIGKILL', stdout: 'begun\n', timedOut: true });
      expect(outcome.error).to.be.instanceOf(RunError).with.property('code', 'ORLOP_E_TIMEOUT');
      expect(outcome.usage?.wallMs).to.be.above(0);
      expect((await orlop.containers.list()).items).to.deep.equal([]);
      closeSync(held);
    }
  });

  it('is a time-out where another process holds the output of an application that has ended', async () => {
    const { orlop } = fixture();
    await using pool = await orlop.pool('busybox', { size: 1 });
    const options = { timeout: 1500, reject: false } as const;
    const command = ['sleep', '1'];
    for (const run of [() => orlop.run('busybox', command, options), () => pool.run(command, options)]) {
      const late = run();
      const held = await hold();
      const outcome = await late;
      expect(outcome).to.include({ exitCode: 0, signal: null, stdout: '', timedOut: true, limit: 'wallTime' });
      closeSync(held);
    }
  });

  it('is given after the runtime was closed', async () => {
    const closed = await Orlop.open({ root: fixture().root, run: fixture().run });
    const pool = await closed.pool('busybox', { size: 1 });
    await closed.close();
    const outcomes = [
      await closed.run('busybox', ['true'], { reject: false }),
      await pool.run(['true'], { reject: false }),
    ];
    for (const { exitCode, error } of outcomes) {
      expect(exitCode).to.equal(125);
      expect(error).to.have.property('code', 'ORLOP_E_CLOSED');
    }
  });

  it('is wanted, or not', async () => {
    const wrong = { reject: 'no' as unknown as boolean };
    const error = await fixture()
      .orlop.run('busybox', ['true'], wrong)
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RequestError).with.property('message', "reject is 'no', expected true or false");
  });
});
