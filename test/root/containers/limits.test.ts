import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Hierarchy } from '../../../ts/cgroups/hierarchies.ts';
import { makerOf } from '../../../ts/cgroups/names.ts';
import { hierarchiesOf } from '../../../ts/cgroups/visible.ts';
import { ownChildren } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { Program } from '../../support/programs.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

const read = (path: string) => readFileSync(path, 'utf8');

/** The hierarchy that holds a controller, with the cgroup of a process. */
function groupOf(pid: number, controller: string): { version: 1 | 2; directory: string } {
  const all = hierarchiesOf(pid);
  const holds = ({ version, controllers, mount }: Hierarchy) =>
    version === 1
      ? controllers.includes(controller)
      : read(join(mount, 'cgroup.controllers')).split(/\s/).includes(controller);
  const found = all.find(holds);
  if (found?.own == null) throw new Error(`there is no ${controller}`);
  return { version: found.version, directory: found.own };
}

describe('limits', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'limits');
  const fixture = withOrlop();
  const sh = (script: string, options = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { ...options, reject: false });

  it('of memory end a container that takes more, and tell so', async () => {
    const { orlop } = fixture();
    const limits = { memory: '32m', swap: 0 };
    const bomb = await orlop.run('busybox', ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M'], {
      limits,
      reject: false,
    });
    expect(bomb).to.include({ exitCode: 137, signal: 'SIGKILL', oomKilled: true, limit: 'memory', error: null });
    expect(bomb.usage?.memoryPeakBytes).to.be.within(24 << 20, 32 << 20);
    const small = await sh('dd if=/dev/zero of=/dev/null bs=8M count=1', { limits });
    expect(small).to.include({ exitCode: 0, oomKilled: false, limit: null });
    expect(small.usage?.memoryPeakBytes).to.be.within(8 << 20, 32 << 20);
  });

  it('of processes refuse one more, exactly, and tell the most that there were', async () => {
    const limits = { pids: 6 };
    const script = (count: number) => `for i in $(seq ${count}); do sleep 0.2 & done; wait; echo all`;
    const most = await sh(script(5), { limits });
    expect(most).to.include({ stdout: 'all\n', limit: null });
    expect(most.usage?.pidsPeak).to.equal(6);
    expect(await sh(script(6), { limits })).to.include({ stdout: '', limit: 'pids' });
  });

  it('stop a fork bomb, of which nothing is left', async () => {
    const bomb = await sh('b() { b | b & b; }; b', { limits: { pids: 50 }, timeout: 3000 });
    expect(bomb.limit).to.be.oneOf(['wallTime', 'pids']);
    expect(bomb.usage?.pidsPeak).to.equal(50);
  });

  it('of processors slow a container down', async () => {
    const { usage } = await sh('while :; do :; done', { limits: { cpus: 0.2 }, timeout: 1000 });
    expect(usage?.wallMs).to.be.above(900);
    expect((usage?.userMs ?? 0) + (usage?.systemMs ?? 0)).to.be.below(((usage?.wallMs ?? 0) * 2) / 5);
  });

  it('of processor time end a container that has used it, with all its processes', async () => {
    const busy = await sh('while :; do :; done & while :; do :; done', { limits: { cpuTime: 400 } });
    expect(busy).to.include({ exitCode: 137, signal: 'SIGKILL', limit: 'cpuTime', error: null });
    // On a busy machine the look comes late.
    expect((busy.usage?.userMs ?? 0) + (busy.usage?.systemMs ?? 0)).to.be.within(390, 4000);
    expect(await sh('sleep 0.5', { limits: { cpuTime: 400 } })).to.include({ exitCode: 0, limit: null });
  });

  it('of time and of output end a container, and are no errors', async () => {
    const { orlop } = fixture();
    const late = await orlop.run('busybox', ['sh', '-c', 'echo begun; sleep 600'], { limits: { wallTime: 300 } });
    expect(late).to.include({ exitCode: 137, stdout: 'begun\n', limit: 'wallTime', timedOut: true });
    const flood = await orlop.run('busybox', ['yes'], { limits: { output: '1k' } });
    expect(flood).to.include({ exitCode: 137, limit: 'output', stdout: 'y\n'.repeat(512) });
    // The lower of the two counts.
    const error = await sh('yes', { limits: { output: '1k' }, maxBuffer: 100 });
    expect(error.error).to.have.property('code', 'ORLOP_E_BUFFER');
  });

  it('of time end a start too, and nothing that has ended by itself', async () => {
    const { orlop } = fixture();
    const early = { exitCode: 137, stdout: '', limit: 'wallTime', timedOut: true };
    expect(await sh('sleep 600', { limits: { wallTime: 1 } })).to.include(early);
    await using pool = await orlop.pool('busybox', { size: 1, limits: { wallTime: 1 } });
    expect(await pool.run(['sleep', '600'], { reject: false })).to.include(early);
    const running = sh('exit 3', { limits: { wallTime: 700 } });
    await pause(10);
    // The program does nothing from here until after the end, and then looks at its timers first.
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
        resolve();
      });
    });
    expect(await running).to.include({ exitCode: 3, limit: null, timedOut: false });
  });

  it('of time end a container, and the wait for its output, although another process holds that', async () => {
    const { orlop } = fixture();
    await using pool = await orlop.pool('busybox', { size: 2, limits: { wallTime: 1000 } });
    const cases = [
      // Killed by the limit; and ended by itself before it, so that only the wait meets the limit.
      { script: 'sleep 600', expected: { exitCode: 137, signal: 'SIGKILL', limit: 'wallTime', timedOut: true } },
      { script: 'sleep 0.5', expected: { exitCode: 0, signal: null, limit: null, timedOut: false } },
    ];
    for (const { script, expected } of cases) {
      const whole = `echo begun; exec ${script}`;
      const alone = () => sh(whole, { limits: { wallTime: 1000 } });
      for (const run of [alone, () => pool.run(['sh', '-c', whole], { reject: false })]) {
        const late = run();
        const pid = await until('the application', () => ownChildren().find(({ name }) => name === 'sleep')?.pid);
        const held = openSync(`/proc/${pid}/fd/1`, 'w');
        expect(await late).to.include({ ...expected, stdout: 'begun\n' });
        closeSync(held);
      }
    }
    const busy = sh('echo begun; sleep 600 & while :; do :; done', { limits: { cpuTime: 500 } });
    const pid = await until('the application', () => ownChildren().find(({ name }) => name === 'sh')?.pid);
    const held = openSync(`/proc/${pid}/fd/1`, 'w');
    expect(await busy).to.include({ exitCode: 137, stdout: 'begun\n', limit: 'cpuTime' });
    closeSync(held);
  });

  it('of time hold for containers that are started, and in a pool', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sleep', '600'], { rm: true, limits: { wallTime: 200 } });
    const running = await container.start();
    expect(await running.exited).to.include({ exitCode: 137, limit: 'wallTime', timedOut: true });
    await using pool = await orlop.pool('busybox', { size: 1, limits: { cpuTime: 200, output: 8 } });
    expect(await pool.run(['sh', '-c', 'while :; do :; done'])).to.include({ exitCode: 137, limit: 'cpuTime' });
    expect(await pool.run(['yes'])).to.include({ stdout: 'y\ny\ny\ny\n', limit: 'output' });
  });

  it('are in the control files of the application, with a default of processes', async () => {
    const { orlop } = fixture();
    const limits = { cpuShares: 512, cpusetCpus: '0', memoryReservation: '16m', cpus: 0.5 };
    const container = await orlop.create('busybox', ['sleep', '600'], { rm: true, limits });
    await using running = await container.start();
    const value = (controller: string, first: string, second: string) => {
      const { version, directory } = groupOf(running.pid, controller);
      return read(join(directory, version === 1 ? first : second)).trim();
    };
    expect(value('cpu', 'cpu.shares', 'cpu.weight')).to.be.oneOf(['512', '20']);
    expect(value('cpu', 'cpu.cfs_quota_us', 'cpu.max')).to.be.oneOf(['50000', '50000 100000']);
    expect(value('cpuset', 'cpuset.cpus', 'cpuset.cpus')).to.equal('0');
    expect(value('memory', 'memory.soft_limit_in_bytes', 'memory.low')).to.equal(`${16 << 20}`);
    expect(value('pids', 'pids.max', 'pids.max')).to.be.oneOf(['2049', '2048']);
    expect(makerOf(basename(groupOf(running.pid, 'pids').directory))?.pid).to.equal(process.pid);
  });

  it('are those of the record when a container is started again', async () => {
    const { orlop } = fixture();
    const made = await orlop.create('busybox', ['sh', '-c', 'sleep 600'], { name: 'limited', limits: { pids: 7 } });
    await fixture().settle();
    const container = await fixture().orlop.container(made.id);
    const running = await container.start();
    const { version, directory } = groupOf(running.pid, 'pids');
    expect(read(join(directory, 'pids.max')).trim()).to.equal(version === 1 ? '8' : '7');
    running.kill('SIGKILL');
    await running.exited;
    await container.remove();
  });

  it('hold in a pool', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1, limits: { memory: '32m', swap: 0 } });
    const bomb = await pool.run(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M'], { reject: false });
    expect(bomb).to.include({ exitCode: 137, oomKilled: true, limit: 'memory' });
    expect(await pool.run(['true'], { reject: false })).to.include({ exitCode: 0, oomKilled: false, limit: null });
  });

  it('that the kernel refuses name the control file, and nothing is started', async () => {
    const { error } = await sh('true', { limits: { deviceReadBps: { '/dev/null': '1m' } } });
    expect(error).to.have.property('code', 'ORLOP_E_LIMIT');
    expect(error?.message).to.contain("'/dev/null'").and.to.contain('block device');
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('leave no cgroup when the runtime is closed', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', ['sleep', '600'], { rm: true, limits: { memory: '32m' } });
    const running = await container.start();
    const directories = ['pids', 'memory'].map((name) => groupOf(running.pid, name).directory);
    expect(directories.every((path) => existsSync(path))).to.equal(true);
    running.kill('SIGKILL');
    await running.exited;
    await sh('true');
    await fixture().settle();
    const left = directories.flatMap((path) => (existsSync(dirname(path)) ? readdirSync(dirname(path)) : []));
    expect(left.filter((name) => makerOf(name)?.pid === process.pid)).to.deep.equal([]);
  });

  it('leave no cgroup of a container that has made some in its own', async () => {
    const mount = 'mkdir /c; mount -t "$0" -o "$1" none /c && mkdir -p /c/deep/er && echo made; umount /c';
    for (const [type, options] of [
      ['cgroup2', 'ro,rw'],
      ['cgroup', 'pids'],
    ] as const) {
      const command = ['sh', '-c', mount, type, options];
      const { stdout } = await fixture().orlop.run('busybox', command, { capAdd: ['SYS_ADMIN'], reject: false });
      if (stdout !== 'made\n') continue;
      const { directory } = groupOf(process.pid, 'pids');
      const parents = ['/sys/fs/cgroup/orlop', '/sys/fs/cgroup/unified/orlop', join(directory, 'orlop')];
      const nested = () =>
        parents
          .filter((path) => existsSync(path))
          .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
          .filter((path) => makerOf(basename(path))?.pid === process.pid && existsSync(join(path, 'deep')));
      await until(`the cgroups in that of ${type} are removed`, () => nested().length === 0, 5);
    }
  });

  it('are held by what is not covered by another mount, and the others are left alone', () => {
    const { root, run } = fixture();
    const program = `
      import { Orlop } from './ts/index.ts';
      const orlop = await Orlop.open(${JSON.stringify({ root, run })});
      const { exitCode } = await orlop.run('busybox', ['true']);
      const error = await orlop.run('busybox', ['true'], { limits: { memory: '32m' } }).catch((error) => error);
      await orlop.close();
      console.log(exitCode, error.code);`;
    const cover = `for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/memory; do
      findmnt -t cgroup,cgroup2 $hierarchy > /dev/null && mount -t tmpfs none $hierarchy
      done; exec "$@"`;
    const argv = ['--mount', '--propagation', 'private', 'sh', '-c', cover, 'sh', process.execPath, '--import=tsx'];
    const said = execFileSync('unshare', [...argv, '--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(said).to.equal('0 ORLOP_E_LIMIT\n');
  });

  it('hold although the hierarchies are mounted a second time, as for a chroot', () => {
    const { root, run, directory } = fixture();
    const program = `
      import { Orlop } from './ts/index.ts';
      const orlop = await Orlop.open(${JSON.stringify({ root, run })});
      const { exitCode } = await orlop.run('busybox', ['true'], { limits: { memory: '32m', pids: 4 } });
      await orlop.close();
      console.log(exitCode);`;
    const twice = 'mkdir "$0"; mount --rbind /sys "$0"; exec "$@"';
    const argv = ['--mount', '--propagation', 'private', 'sh', '-c', twice, join(directory, 'sys'), process.execPath];
    const said = execFileSync('unshare', [...argv, '--import=tsx', '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(said).to.equal('0\n');
  });

  it('hold although the program makes all its starts at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        sh('sleep 0.1 & sleep 0.1 & wait', { limits: { pids: i % 2 === 0 ? 2 : 3 } }),
      ),
    );
    expect(all.map(({ limit }) => limit)).to.deep.equal(all.map((_, i) => (i % 2 === 0 ? 'pids' : null)));
  });
});

describe('cgroups that a killed program left', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'limits');
  const fixture = withOrlop();

  it('are removed by the next program that starts a container', async () => {
    await using program = new Program(fixture(), ['end']);
    await program.next();
    const pid = program.child.pid ?? 0;
    const { directory } = groupOf(process.pid, 'pids');
    const all = () => [join(directory, 'orlop'), '/sys/fs/cgroup/orlop', '/sys/fs/cgroup/unified/orlop'];
    const left = () =>
      all()
        .flatMap((path) => (existsSync(path) ? readdirSync(path) : []))
        .filter((name) => makerOf(name)?.pid === pid);
    expect(left().length).to.be.at.least(3);
    program.child.kill('SIGKILL');
    await program.end();
    expect(left().length).to.be.at.least(3);
    await fixture().orlop.run('busybox', ['true']);
    await until('the cgroups are removed', () => left().length === 0);
  });
});
