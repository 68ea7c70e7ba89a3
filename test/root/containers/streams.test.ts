import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { runs, storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

describe('a started container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const create = (script: string, options = {}) =>
    fixture().orlop.create('busybox', ['sh', '-c', script], { rm: true, ...options });

  it('can be talked with through pipes', async () => {
    const container = await create('while read line; do echo "got $line"; done; echo bye >&2');
    const running = await container.start({ stdin: 'pipe' });
    const { stdin, stdout, stderr } = running;
    if (stdin === null || stdout === null || stderr === null) throw new Error('there are pipes');
    const answers = stdout[Symbol.asyncIterator]();
    for (const word of ['one', 'two', 'three']) {
      stdin.write(`${word}\n`);
      expect(`${(await answers.next()).value}`).to.equal(`got ${word}\n`);
    }
    stdin.end();
    expect(await text(stderr)).to.equal('bye\n');
    expect((await answers.next()).done).to.equal(true);
    expect(await running.exited).to.include({ exitCode: 0, signal: null });
  });

  it('has no stream but where there is a pipe', async () => {
    const running = await (await create('exec true')).start({ stdout: 'ignore', stderr: 'ignore' });
    expect([running.stdin, running.stdout, running.stderr]).to.deep.equal([null, null, null]);
    await running.exited;
  });

  it('reads and writes descriptors of the caller, which stay open', async () => {
    const [source, target] = [join(fixture().directory, 'in'), join(fixture().directory, 'out')];
    const out = openSync(target, 'w');
    const own = openSync('/dev/null', 'r');
    const first = await (await create('echo one; echo two >&2')).start({ stdin: own, stdout: out, stderr: out });
    await first.exited;
    closeSync(own);
    const again = openSync(source, 'w+');
    const second = await (await create('cat; echo three')).start({ stdin: again, stdout: out });
    await second.exited;
    closeSync(again);
    closeSync(out);
    expect(readFileSync(target, 'utf8')).to.equal('one\ntwo\nthree\n');
  });

  it('refuses a stream that leads nowhere, and leaves nothing', async () => {
    const before = storeContent(fixture());
    const container = await create('true');
    const wrong = 'pip' as 'pipe';
    expect((await refusal(container.start({ stderr: wrong }))).code).to.equal('ORLOP_E_INPUT');
    const other = await create('true');
    const closed = await other.start({ stdout: 54_321 }).catch((error: unknown) => error);
    expect((closed as NodeJS.ErrnoException).code).to.equal('EBADF');
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  it('takes signals, by name and by number, until it has ended', async () => {
    const container = await create('trap "echo hup" HUP; trap "exit 5" USR1; echo ready; while :; do sleep 0.05; done');
    const running = await container.start();
    const lines = (running.stdout ?? process.stdin)[Symbol.asyncIterator]();
    expect(`${(await lines.next()).value}`).to.equal('ready\n');
    expect(running.kill('SIGHUP')).to.equal(true);
    expect(`${(await lines.next()).value}`).to.equal('hup\n');
    expect(() => running.kill('SIGNOPE' as 'SIGHUP')).to.throw('there is no signal');
    expect(running.kill(10)).to.equal(true);
    expect(await running.exited).to.include({ exitCode: 5, signal: null });
    expect(running.kill('SIGKILL')).to.equal(false);
  });

  it('says which signal killed it', async () => {
    const running = await (await create('exec sleep 1000')).start({ stdout: 'ignore' });
    running.kill('SIGKILL');
    expect(await running.exited).to.include({ exitCode: 137, signal: 'SIGKILL' });
  });

  it('is killed by its signal and by its time-out', async () => {
    const controller = new AbortController();
    const aborted = await (await create('exec sleep 1000')).start({ signal: controller.signal });
    controller.abort();
    expect((await aborted.exited).signal).to.equal('SIGKILL');
    const timed = await (await create('exec sleep 1000')).start({ timeout: 200 });
    expect((await timed.exited).signal).to.equal('SIGKILL');
  });

  it('says its times, and can be waited for from its handle also when it goes with its end', async () => {
    const container = await create('exit 9');
    const running = await container.start();
    const { clonedUs, startedUs, steps } = running.timings;
    expect(clonedUs).to.be.above(0);
    expect(startedUs).to.be.above(clonedUs);
    expect(steps.map(({ step }) => step)).to.include.members(['root', 'pivot', 'exec']);
    expect(await container.wait()).to.include({ exitCode: 9, signal: null });
    expect((await refusal(fixture().orlop.container(container.id))).code).to.equal('ORLOP_E_NO_CONTAINER');
  });

  it('does not start twice, whether it is durable or not', async () => {
    for (const rm of [true, false]) {
      const container = await create('exec sleep 1000', { rm });
      const both = await Promise.allSettled([container.start(), container.start()]);
      const codes = both.map((one) => (one.status === 'rejected' ? one.reason.code : 'started'));
      expect(codes.sort()).to.deep.equal(['ORLOP_E_CONTAINER_RUNNING', 'started']);
      const { pid } = await container.summary();
      expect((await refusal(container.start())).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
      expect((await refusal(container.remove())).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
      expect(pid !== null && runs(pid)).to.equal(true);
      const wait = container.wait();
      await container.remove({ force: true });
      expect((await wait).exitCode).to.equal(137);
    }
  });
});

describe('a durable container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('sees at its second start what it wrote at the first, and its volumes', async () => {
    const container = await fixture().orlop.create(
      'busybox',
      ['sh', '-c', 'cat /f /v/f; echo more | tee -a /f >> /v/f'],
      {
        volumes: ['/v'],
      },
    );
    const outputs = [];
    for (let i = 0; i < 3; i++) {
      const running = await container.start({ stderr: 'ignore' });
      if (running.stdout !== null) outputs.push(await text(running.stdout));
      await running.exited;
    }
    expect(outputs).to.deep.equal(['', 'more\nmore\n', 'more\nmore\nmore\nmore\n']);
    const { status, exitCode, startedAt, finishedAt } = await container.summary();
    expect({ status, exitCode }).to.deep.equal({ status: 'exited', exitCode: 0 });
    expect(Number(finishedAt)).to.be.at.least(Number(startedAt));
    await container.remove({ volumes: true });
  });

  it('can be started again after a start that was refused', async () => {
    const { orlop, directory } = fixture();
    const { mkdirSync, rmdirSync } = await import('node:fs');
    const source = join(directory, 'comes-and-goes');
    mkdirSync(source);
    const container = await orlop.create('busybox', ['true'], { volumes: [`${source}:/s`] });
    rmdirSync(source);
    expect((await refusal(container.start())).code).to.equal('ORLOP_E_SOURCE');
    expect((await container.summary()).status).to.equal('created');
    mkdirSync(source);
    expect((await (await container.start()).exited).exitCode).to.equal(0);
    await container.remove();
  });
});
