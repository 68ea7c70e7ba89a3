import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { childrenOf, parentOf } from '../../support/processes.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('root who asks for the isolation of a process', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const open = () => {
    const { root, run } = fixture();
    return Orlop.open({ root, run, isolation: 'process' });
  };
  const launchers = () => childrenOf(process.pid).filter((pid) => commandOf(pid) === 'orlop-launcher');
  const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0];

  it('has one launcher, in the namespaces of the machine, and volumes as without it', async () => {
    await using orlop = await open();
    const { root, run } = fixture();
    const result = await orlop.run('busybox', ['sh', '-c', 'echo hi > /v/f; cat /proc/self/uid_map'], {
      volumes: ['kept:/v'],
    });
    expect(result.stdout.trim().split(/\s+/)).to.deep.equal(['0', '0', '4294967295']);
    expect(readFileSync(`${root}/volumes/kept/_data/f`, 'utf8')).to.equal('hi\n');
    expect(launchers()).to.have.length(1);
    expect(orlop.isolation.process.holds).to.equal(true);
    expect(orlop.isolation.user.holds).to.equal(false);
    // Both write the same store.
    await using beside = await Orlop.open({ root, run });
    expect(beside.isolation.process).to.include({ holds: false }).and.have.property('hint').that.includes('process');
    expect((await beside.run('busybox', ['cat', '/v/f'], { volumes: ['kept:/v'] })).stdout).to.equal('hi\n');
  });

  it('knows the memory of applications that are smaller than the program', async () => {
    await using orlop = await open();
    const { usage } = await orlop.run('busybox', ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=16M', 'count=1']);
    expect(process.resourceUsage().maxRSS).to.be.above(40 << 10);
    expect(usage.maxRssBytes).to.be.within(16 << 20, 32 << 20);
  });

  it('may have a user namespace for each container too', async () => {
    const { root, run } = fixture();
    await using orlop = await Orlop.open({ root, run, isolation: 'process,user,ids' });
    for (const start of [1, 2]) {
      const { stdout } = await orlop.run('busybox', ['sh', '-c', 'id -u; cat /proc/self/uid_map; touch /f']);
      const [uid, inside, outside, count] = stdout.trim().split(/\s+/).map(Number);
      expect([uid, inside, count], `start ${start}`).to.deep.equal([0, 0, 65536]);
      expect(outside).to.be.at.least(3 * 2 ** 30);
    }
    expect(launchers()).to.have.length(1);
  });

  it('has containers that are children of the program, and end with the launcher', async () => {
    const orlop = await open();
    const container = await orlop.create('busybox', ['sleep', '1000'], { rm: true });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    expect(parentOf(running.pid)).to.equal(process.pid);
    const [launcher = 0] = launchers();
    process.kill(launcher, 'SIGKILL');
    expect(await running.exited).to.include({ exitCode: 137, signal: 'SIGKILL' });
    await until('the launcher is reaped', () => launchers().length === 0);
    expect((await refusal(orlop.run('busybox', ['true']))).code).to.equal('ORLOP_E_CLOSED');
    await orlop.close();
    await using another = await open();
    expect((await another.run('busybox', ['echo', 'again'])).stdout).to.equal('again\n');
  });
});

describe('a floor of isolation', () => {
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('is refused at open where it does not hold', async () => {
    const { root, run } = fixture();
    const program = `
      import { Orlop } from './ts/index.ts';
      const error = await Orlop.open(${JSON.stringify({ root, run, isolation: 'filter,cgroups' })}).catch((error) => error);
      console.log(error.code, error.message);`;
    const without = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-ec',
      'mount -t tmpfs none /sys/fs/cgroup; exec "$@"',
    ];
    const argv = [...without, 'sh', process.execPath, '--import=tsx', '--input-type=module', '--eval', program];
    const said = execFileSync('unshare', argv, { encoding: 'utf8' });
    expect(said).to.match(/^ORLOP_E_ISOLATION .*'cgroups'.*without memory, cpu, pids/);
    expect((await refusal(Orlop.open({ root, run, isolation: 'usr' }))).hint).to.include(`'user'`);
  });

  it('is refused to a container by its options, at its start too', async () => {
    const { orlop, root, run } = fixture();
    const weak = [
      [{ network: 'host', isolation: 'namespaces' }, /network of the machine/],
      [{ securityOpt: ['seccomp=unconfined'], isolation: ['filter'] }, /no filter/],
      [{ isolation: 'process' }, /the program makes the privileged calls/],
    ] as const;
    for (const [options, message] of weak) {
      const error = await refusal(orlop.run('busybox', ['true'], options));
      expect(error.code).to.equal('ORLOP_E_ISOLATION');
      expect(error.message).to.match(message);
    }
    const container = await orlop.create('busybox', ['true'], { network: 'host' });
    await using strict = await Orlop.open({ root, run, isolation: ['namespaces', 'filter'] });
    const recorded = await strict.container(container.id);
    expect((await refusal(recorded.start())).code).to.equal('ORLOP_E_ISOLATION');
    expect((await strict.run('busybox', ['echo', 'fine'])).stdout).to.equal('fine\n');
    await container.remove();
  });
});
