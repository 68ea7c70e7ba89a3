import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { type Pool, RunError, type RunInput } from '../../../ts/index.ts';
import { ownChildren } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

describe('functions that get the outputs of a run', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = (script: string) => ['sh', '-c', script];

  it('get the next part when their promise has resolved, and all before the result', async () => {
    const heard: string[] = [];
    let running = 0;
    const onStdout = async (line: string) => {
      expect(++running).to.equal(1);
      await turn();
      heard.push(line);
      running--;
    };
    const { stdout } = await fixture().orlop.run('busybox', ['seq', '30000'], { lines: true, onStdout });
    expect(heard).to.have.length(30_000);
    expect(heard).to.deep.equal(stdout);
  });

  it('keep the application waiting with their promise', async () => {
    let isFirst = true;
    const onStdout = async () => {
      if (isFirst) await delay(700);
      isFirst = false;
    };
    const { usage } = await fixture().orlop.run('busybox', ['head', '-c', '4000000', '/dev/zero'], { onStdout });
    // As the kernel saw it: it wrote to a full pipe meanwhile.
    expect(usage.wallMs).to.be.above(500);
  });

  it('end the run with what their promise rejects with', async () => {
    const { orlop } = fixture();
    const mine = new TypeError('of the caller');
    const onStdout = async (text: string) => {
      await turn();
      if (text.includes('end')) throw mine;
    };
    await using pool: Pool = await orlop.pool('busybox', { size: 1 });
    // While the application runs, after its exit, and in what comes after the last line.
    for (const script of ['echo end; sleep 1000', 'echo end', 'echo; printf end']) {
      for (const options of [{ onStdout }, { onStdout, reject: false }, { onStdout, lines: true }] as RunInput[]) {
        for (const run of [() => orlop.run('busybox', sh(script), options), () => pool.run(sh(script), options)]) {
          expect(await run().catch((error: unknown) => error)).to.equal(mine);
        }
      }
    }
    expect(ownChildren().filter(({ name }) => name === 'sleep')).to.deep.equal([]);
  });

  it('cannot keep a run from its time-out, whose error has the outputs', async () => {
    const onStdout = () => new Promise<void>(() => {});
    // While the application runs, and after its exit.
    for (const script of ['echo one; echo two; sleep 1000', 'echo one; echo two']) {
      const error = await fixture()
        .orlop.run('busybox', sh(script), { onStdout, lines: true, timeout: 1000 })
        .catch((thrown: unknown) => thrown);
      expect(error)
        .to.be.instanceOf(RunError)
        .and.to.deep.include({ code: 'ORLOP_E_TIMEOUT', stdout: ['one', 'two'] });
    }
    // What fits into the stream and the pipe.
    const script = sh('head -c 150000 /dev/zero; sleep 1000');
    const late = await fixture().orlop.run('busybox', script, { onStdout, all: true, timeout: 1000, reject: false });
    expect([late.stdout.length, late.all.length, late.limit]).to.deep.equal([150_000, 150_000, 'wallTime']);
  });

  it('may take longer than the limit of time of a container that has ended', async () => {
    const limits = { wallTime: 300 };
    const heard: string[] = [];
    const onStdout = async (line: string) => {
      await delay(700);
      heard.push(line);
    };
    const result = await fixture().orlop.run('busybox', sh('echo one; echo two'), { limits, onStdout, lines: true });
    expect(result).to.deep.include({ exitCode: 0, limit: null, stdout: ['one', 'two'] });
    expect(heard).to.deep.equal(['one', 'two']);
  });
});
