import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

/** A script of the shell that writes `ready` once it handles what `traps` say, and waits. */
const heeding = (traps: string) => ['sh', '-c', `${traps}; echo ready; while :; do sleep 0.05; done`];

describe('a container is stopped', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** Starts it, and waits until it is ready. */
  async function started(argv: readonly string[], options = {}) {
    const container = await fixture().orlop.create('busybox', argv, options);
    const running = await container.start();
    const { stdout } = running;
    if (stdout === null) throw new Error('it has no output');
    for await (const chunk of stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      if (chunk === 'ready\n') break;
    }
    stdout.resume();
    return { container, running };
  }

  it('by SIGTERM, and its exit is recorded by then', async () => {
    const { container } = await started(heeding("trap 'exit 7' TERM"));
    await container.stop();
    expect(await container.summary()).to.deep.include({ status: 'exited', exitCode: 7, pid: null });
    // Once more: it does not run, and that is what was asked for.
    await container.stop();
    await container.remove();
  });

  it('by the signal of its request, of the call, or of the image', async () => {
    const { orlop } = fixture();
    const all = heeding("trap 'exit 1' HUP; trap 'exit 2' INT; trap 'exit 3' USR1; trap 'exit 4' TERM");
    const base = await orlop.create('busybox', ['true']);
    await base.commit('signalled', { changes: ['STOPSIGNAL SIGUSR1'] });
    await base.remove();
    const { container: first } = await started(all, { stopSignal: 'hup' });
    await first.stop();
    expect((await first.wait()).exitCode).to.equal(1);
    expect((await first.inspect()).Config)
      .to.include({ StopSignal: 'SIGHUP' })
      .and.not.have.property('StopTimeout');
    await first.remove();
    const { container: second } = await started(all, { stopSignal: 'hup' });
    await second.stop({ signal: 'SIGINT' });
    expect((await second.wait()).exitCode).to.equal(2);
    await second.remove();
    const third = await orlop.create('signalled', all);
    const running = await third.start();
    await until('it is ready', () => running.stdout?.read() !== null);
    await third.stop();
    expect((await third.wait()).exitCode).to.equal(3);
    await third.remove();
  });

  it('by SIGKILL when the time is over, and not before', async () => {
    const deaf = heeding("trap '' TERM");
    const { container } = await started(deaf, { stopTimeout: 1 });
    const began = performance.now();
    await container.stop();
    expect(performance.now() - began).to.be.at.least(1000);
    expect(await container.wait()).to.deep.include({ exitCode: 137, signal: 'SIGKILL' });
    const { running } = await started(deaf);
    await container.remove();
    const again = await fixture().orlop.containers.list();
    const [item] = again.items;
    await (await fixture().orlop.container(item?.id ?? '')).stop({ timeout: 0 });
    expect((await running.exited).signal).to.equal('SIGKILL');
    await (await fixture().orlop.container(item?.id ?? '')).remove();
  });

  it('with its end as the result of who runs it, also where it is removed then', async () => {
    const { container, running } = await started(heeding("trap 'exit 5' TERM"), { rm: true });
    await container.stop();
    expect(await running.exited).to.deep.include({ exitCode: 5, signal: null });
    expect((await refusal(container.inspect())).code).to.equal('ORLOP_E_NO_CONTAINER');
  });

  it('by SIGKILL after a longer time than a timer of Node takes, and not at once', async () => {
    const { container, running } = await started(heeding("trap 'sleep 0.1; exit 6' TERM"));
    await container.stop({ timeout: 30 * 24 * 3600 });
    expect(await running.exited).to.include({ exitCode: 6, signal: null });
    await container.remove();
  });

  it('never without an end to the wait, if it is told so', async () => {
    const { container } = await started(heeding("trap 'sleep 0.3; exit 6' TERM"));
    await container.stop({ timeout: -1 });
    expect((await container.wait()).exitCode).to.equal(6);
    await container.remove();
  });

  for (const [options, message] of [
    [{ stopSignal: 'SIGNONE' }, "there is no signal 'SIGNONE'"],
    [{ stopSignal: 0 }, "there is no signal '0'"],
    [{ stopTimeout: -2 }, "the time to stop '-2' is no whole number from 0 on"],
    [{ stopTimeout: '10s' }, "the time to stop '10s' is no whole number from 0 on"],
  ] as const) {
    it(`not by ${JSON.stringify(options)}`, async () => {
      const error = await refusal(fixture().orlop.create('busybox', ['true'], options));
      expect(error).to.include({ code: 'ORLOP_E_INPUT', message });
    });
  }
});

describe('a container', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('gets another name, which then is its only one', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['true'], { name: 'old' });
    await container.rename('new');
    expect((await orlop.container('new')).id).to.equal(container.id);
    expect((await refusal(orlop.container('old'))).code).to.equal('ORLOP_E_NO_CONTAINER');
    const other = await orlop.create('busybox', ['true'], { name: 'old' });
    expect((await refusal(other.rename('new'))).code).to.equal('ORLOP_E_CONTAINER_NAME');
    expect((await refusal(other.rename('no name'))).code).to.equal('ORLOP_E_INPUT');
    const same = await refusal(other.rename('old'));
    expect([same.code, same.hint]).to.deep.equal(['ORLOP_E_CONTAINER_NAME', undefined]);
    expect((await (await container.start()).exited).exitCode).to.equal(0);
    await Promise.all([container.remove(), other.remove()]);
    expect((await refusal(container.rename('gone'))).code).to.equal('ORLOP_E_NO_CONTAINER');
  });

  it('shows its processes, and no other', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', 'sleep 1000 & exec sleep 2000']);
    expect(await container.top()).to.deep.equal([]);
    const running = await container.start();
    await until(
      'both run',
      async () => (await container.top()).filter(({ command }) => command[0] === 'sleep').length === 2,
    );
    const [first, second, ...more] = await container.top();
    expect(more).to.deep.equal([]);
    expect(first).to.deep.include({
      pid: running.pid,
      parent: process.pid,
      command: ['sleep', '2000'],
      terminal: null,
    });
    expect(second).to.deep.include({ parent: running.pid, uid: first?.uid, command: ['sleep', '1000'] });
    expect(Math.abs((first?.startedAt.getTime() ?? 0) - Date.now())).to.be.below(60_000);
    await container.remove({ force: true });
  });

  it('that waits in a pool is neither stopped, killed nor shown', async () => {
    // With the older system calls, a pool has no waiting containers.
    if (process.env.ORLOP_FEATURES === '0') return;
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    const [waiting] = (await fixture().orlop.containers.list({ all: true })).items;
    const container = await fixture().orlop.container(waiting?.id ?? '');
    expect(waiting).to.include({ status: 'created' });
    expect(await container.top()).to.deep.equal([]);
    expect((await refusal(container.kill())).message).to.contain('does not run');
    await container.stop({ timeout: 0 });
    expect((await pool.run(['sh', '-c', 'hostname'])).stdout.trim()).to.equal(container.id.slice(0, 12));
  });

  it('is pruned if it does not run, and the filter takes it', async () => {
    const { orlop } = fixture();
    const create = (labels: Record<string, string>, volumes: string[] = []) =>
      orlop.create('busybox', ['sh', '-c', 'echo 0123456789 > /file; sleep 1000'], { labels, volumes });
    const [never, ended, runs, other] = [
      await create({ job: '7' }),
      await create({ job: '7' }, ['/data']),
      await create({ job: '7' }),
      await create({ job: '8' }),
    ];
    for (const one of [ended, runs]) await one.start();
    await until('it has written', async () => (await ended.diff()).some(({ path }) => path === '/file'));
    await ended.stop({ timeout: 0 });
    await using pool = await orlop.pool('busybox', { size: 1 });
    const volumes = (await orlop.volumes.list()).items.length;
    const { removed, reclaimed } = await orlop.containers.prune({ filter: ({ labels }) => labels.job !== '8' });
    expect([...removed].sort()).to.deep.equal([never.id, ended.id].sort());
    expect(reclaimed).to.be.at.least(11);
    expect((await orlop.volumes.list()).items).to.have.length(volumes);
    expect((await pool.run(['echo', 'well'])).stdout).to.equal('well\n');
    for (const one of [runs, other]) await one.remove({ force: true });
    await orlop.volumes.prune();
  });
});
