import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { hierarchiesOf } from '../../../ts/cgroups/visible.ts';
import type { RunOptions } from '../../../ts/index.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { childrenOf, processesOf } from '../../support/processes.ts';
import { Program } from '../../support/programs.ts';
import { refusal } from '../../support/refusal.ts';
import { type Requirement, requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a container in the PID namespace of the host', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'helper', 'overlay', 'busybox');
  const fixture = withOrlop();
  // A word in the command line of each process, which no other test has.
  const word = `${60_000 + process.pid}`;
  const alive = () => processesOf(word).length;

  /** Forks, leaves the session, ignores signals, is stopped, is a child of init: none is waited for. */
  const script = `
    sleep ${word} &
    (setsid sh -c '(sleep ${word} &) &' &)
    sh -c 'trap "" TERM INT HUP; sleep ${word} & wait; :' x &
    sleep ${word} & kill -STOP $!
    trap "" TERM
    echo ready
    exec sleep ${word}`;
  // The stopped one may be, before it has executed its command.
  const all = 4;
  const pid = { pid: 'host' } as const;

  afterEach(async () => {
    expect(alive()).to.equal(0);
    await until('no guard is left', () => guards().length === 0);
    expect(notes()).to.deep.equal([]);
  });

  const notes = () => {
    const directory = join(fixture().run, 'groups');
    return existsSync(directory) ? readdirSync(directory) : [];
  };
  /** PIDs of guards, which are children of this program, or of init. */
  const guards = () => processesOf('guard').filter((one) => commandOf(one) === 'orlop-init guard ');
  const commandOf = (one: number) => {
    try {
      return readFileSync(`/proc/${one}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  };

  async function start(options: RunOptions = {}) {
    const container = await fixture().orlop.create('busybox', ['sh', '-c', script], { rm: true, ...pid, ...options });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    await until('all processes run', () => alive() >= all);
    return { container, running };
  }

  it('shows its own processes alone, and takes further ones, which end with it', async () => {
    const { container, running } = await start();
    const shown = async () => (await container.top()).map((one) => one.pid);
    expect((await shown())[0]).to.equal(running.pid);
    expect(await shown())
      .to.include.members(processesOf(word))
      .and.not.include(process.pid);
    const further = await container.startExec(['sh', '-c', `setsid sleep ${word} & sleep ${word}`]);
    await until('the further ones run', () => alive() >= all + 2);
    expect(await shown()).to.include.members([...processesOf(word), further.pid]);
    await container.stop({ timeout: 0 });
    expect((await further.exited).signal).to.equal('SIGKILL');
  });

  it('has the processes of the host, and all else of its own', async () => {
    const look = 'for i in pid mnt ipc; do readlink /proc/self/ns/$i; done; cat /proc/$PPID/comm; echo $$ $PPID';
    const { stdout } = await fixture().orlop.run('busybox', ['sh', '-c', look], pid);
    const [pids, mounts, ipc, parent, numbers = ''] = stdout.trim().split('\n');
    expect(pids).to.equal(readlinkSync('/proc/self/ns/pid'));
    expect(mounts).to.not.equal(readlinkSync('/proc/self/ns/mnt'));
    expect(ipc).to.not.equal(readlinkSync('/proc/self/ns/ipc'));
    expect(parent).to.equal(readFileSync('/proc/self/comm', 'utf8').trim());
    expect(numbers.split(' ')[1]).to.equal(`${process.pid}`);
  });

  it('has the masked and the read-only paths of any other, below the /proc of the host', async () => {
    const look = 'cat /proc/kcore | wc -c; echo x > /proc/sys/kernel/hostname; true';
    const { stdout, stderr } = await fixture().orlop.run('busybox', ['sh', '-c', look], pid);
    expect(stdout).to.equal('0\n');
    expect(stderr).to.contain('Read-only file system');
  });

  it('ends with its application, and the run is over when all its processes are', async () => {
    const left = `setsid sleep ${word} & sleep ${word} & sleep ${word} & kill -STOP $!; echo first; exit 7`;
    const { stdout, exitCode } = await fixture().orlop.run('busybox', ['sh', '-c', left], pid);
    expect({ stdout, exitCode, alive: alive() }).to.deep.equal({ stdout: 'first\n', exitCode: 7, alive: 0 });
  });

  it('ends by a time-out, an abort and a limit with all its processes, before the run is over', async () => {
    const run = (options: object) => fixture().orlop.run('busybox', ['sh', '-c', script], { ...pid, ...options });
    const late = await refusal(run({ timeout: 1500 }));
    expect([late.code, alive()]).to.deep.equal(['ORLOP_E_TIMEOUT', 0]);
    const controller = new AbortController();
    const running = refusal(run({ signal: controller.signal }));
    await until('all processes run', () => alive() >= all);
    controller.abort();
    expect([(await running).code, alive()]).to.deep.equal(['ORLOP_E_ABORTED', 0]);
    const limited = await run({ limits: { wallTime: 1500 } });
    expect([limited.limit, limited.signal, alive()]).to.deep.equal(['wallTime', 'SIGKILL', 0]);
    const noisy = await refusal(
      fixture().orlop.run('busybox', ['sh', '-c', `setsid sleep ${word} & yes`], { ...pid, maxBuffer: 1000 }),
    );
    expect([noisy.code, alive()]).to.deep.equal(['ORLOP_E_BUFFER', 0]);
  });

  it('ends by a signal, and by its removal, with all its processes', async () => {
    const { running } = await start();
    running.kill('SIGKILL');
    expect(await running.exited).to.deep.include({ exitCode: 137 });
    expect(alive()).to.equal(0);
    const { container } = await start();
    await container.remove({ force: true });
    expect(alive()).to.equal(0);
    const kept = await start({ rm: false });
    await kept.container.remove({ force: true });
    expect(alive()).to.equal(0);
    await kept.running.exited;
  });

  it('ends with processes that are frozen', async function () {
    requiresIn(this, 'cgroup-v2');
    const { running } = await start();
    const group = hierarchiesOf(running.pid).find(({ version }) => version === 2)?.own ?? '';
    writeFileSync(join(group, 'cgroup.freeze'), '1');
    const events = () => readFileSync(join(group, 'cgroup.events'), 'utf8');
    await until('the container is frozen', () => /^frozen 1$/m.test(events()));
    running.kill('SIGKILL');
    expect(await running.exited).to.deep.include({ exitCode: 137 });
    expect(alive()).to.equal(0);
    await until('its cgroup is gone', () => !existsSync(group));
  });

  it('ends when something has killed its guard', async () => {
    const { running } = await start();
    const own = guards();
    expect(own).to.have.length(1);
    execFileSync('kill', ['-9', `${own[0]}`]);
    running.kill('SIGKILL');
    await running.exited;
    expect(alive()).to.equal(0);
  });

  it('that could not be started leaves no guard', async () => {
    const error = await fixture()
      .orlop.run('busybox', ['/missing'], pid)
      .catch(({ code }) => code);
    expect(error).to.equal('ENOENT');
    expect(childrenOf(process.pid).filter((one) => commandOf(one).includes('guard'))).to.deep.equal([]);
  });

  const hosts: readonly [how: string, hide: string, ...needs: Requirement[]][] = [
    ['cgroup v2', 'true', 'cgroup-v2'],
    ['cgroup v1', 'umount -l $(findmnt -nrt cgroup2 -o TARGET)', 'pids-v1'],
  ];
  for (const [how, hide, ...needs] of hosts) {
    const prefix = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', `${hide}; exec "$@"`, 'sh'];

    it(`ends with a program that is killed, or exits, by ${how}`, async function () {
      requiresIn(this, ...needs);
      for (const way of ['SIGKILL', 'SIGTERM', 'exit']) {
        await using program = new Program(fixture(), ['hostPid', script], prefix);
        await program.next();
        await until('all processes run', () => alive() >= all);
        if (way === 'exit') program.tell('exit');
        else program.child.kill(way as 'SIGKILL');
        await program.end();
        await until(`nothing is left after ${way}`, () => alive() === 0);
        await fixture().settle();
        expect(storeContent(fixture()).ephemeral).to.deep.equal([]);
      }
    });

    it(`ends by a kill, and by the removal of another program, by ${how}`, async function () {
      requiresIn(this, ...needs);
      for (const way of ['kill', 'remove']) {
        await using program = new Program(fixture(), ['hostPid', script], prefix);
        const { id } = await program.next<{ id: string }>();
        await until('all processes run', () => alive() >= all);
        if (way === 'kill') program.tell('kill');
        else await (await fixture().orlop.container(id)).remove({ force: true });
        if (way === 'remove') expect(alive()).to.equal(0);
        expect(await program.next()).to.deep.include({ exitCode: 137 });
        expect(alive()).to.equal(0);
        expect(await program.end()).to.deep.equal({ code: 0, signal: null });
      }
    });

    it(`ends as a fork bomb too, by ${how}`, async function () {
      requiresIn(this, ...needs);
      const bomb = `b() { sleep ${word} & (b &); }; while :; do b; done 2> /dev/null`;
      await using program = new Program(fixture(), ['hostPid', bomb], prefix);
      await program.next();
      await until('many run', () => alive() > 50);
      program.child.kill('SIGKILL');
      await program.end();
      await until('nothing is left', () => alive() === 0);
      await fixture().settle();
    });

    it(`is paused for a commit, by ${how}`, async function () {
      requiresIn(this, ...needs);
      await using starter = new Program(fixture(), ['hostPid', script], prefix);
      const { id } = await starter.next<{ id: string }>();
      await until('all processes run', () => alive() >= all);
      const states = () => processesOf(word).map((one) => frozen(one));
      await using program = new Program(fixture(), ['pause', id], prefix);
      expect(await program.next()).to.equal('paused');
      expect(states()).to.have.length.of.at.least(all).and.to.not.include(false);
      program.tell('resume');
      await program.end();
      expect(states()).to.include(false);
      starter.tell('kill');
      await starter.end();
    });
  }

  it('is ended by the next program if its program and its guard were killed at once', async () => {
    await using program = new Program(fixture(), ['hostPid', script]);
    const { pid: application } = await program.next<{ pid: number }>();
    await until('all processes run', () => alive() >= all);
    const own = guards();
    execFileSync('kill', ['-9', ...own.map(String), `${program.child.pid}`]);
    await program.end();
    await until('the application has ended by its parent', () => !existsSync(`/proc/${application}`));
    expect(alive()).to.be.greaterThan(0);
    await fixture().settle();
    expect(alive()).to.equal(0);
  });

  it('has a guard that the signals of a terminal or a service do not end', async () => {
    const { running } = await start();
    execFileSync('kill', ['-TERM', ...guards().map(String)]);
    execFileSync('kill', ['-HUP', ...guards().map(String)]);
    expect(guards()).to.have.length(1);
    running.kill('SIGKILL');
    await running.exited;
  });

  it('takes a command of another program only if its end spares that program', async () => {
    await using program = new Program(fixture(), ['hostPid', `sleep ${word}`]);
    const { id } = await program.next<{ id: string }>();
    const container = await fixture().orlop.container(id);
    const note = JSON.parse(readFileSync(join(fixture().run, 'groups', `${id}.json`), 'utf8'));
    if (existsSync(join(note.directory, 'cgroup.kill'))) {
      const further = await container.startExec(['sleep', word]);
      program.tell('kill');
      expect((await further.exited).signal).to.equal('SIGKILL');
    } else {
      // Their end would kill all with a thread in the cgroup, and this program has one for 200 ms after a command.
      expect((await refusal(container.exec(['true']))).message).to.contain('only of the program that started it');
      program.tell('kill');
    }
    expect((await program.end()).code).to.equal(0);
  });

  it('can signal processes of the host', async () => {
    const host = spawn('sleep', ['1000']);
    const ended = once(host, 'exit');
    await fixture().orlop.run('busybox', ['kill', `${host.pid}`], pid);
    expect((await ended)[1]).to.equal('SIGTERM');
  });

  it('is one of an ordinary start in a pool, and is shown by inspect', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1, ...pid });
    const { stdout } = await pool.run(['sh', '-c', `setsid sleep ${word} & readlink /proc/self/ns/pid`]);
    expect(stdout.trim()).to.equal(readlinkSync('/proc/self/ns/pid'));
    expect(alive()).to.equal(0);
    const container = await fixture().orlop.create('busybox', ['true'], { ...pid, cgroupns: 'host' });
    const { HostConfig } = await container.inspect();
    expect(HostConfig).to.include({ PidMode: 'host', CgroupnsMode: 'host' });
    await container.remove();
  });

  it('is refused where all namespaces are asked for', async () => {
    for (const one of ['pid', 'cgroupns'] as const) {
      const run = fixture().orlop.run('busybox', ['true'], { isolation: 'namespaces', [one]: 'host' });
      expect((await refusal(run)).code).to.equal('ORLOP_E_ISOLATION');
    }
  });
});

/** True for a process that a cgroup has frozen. */
function frozen(pid: number): boolean {
  return hierarchiesOf(pid).some(({ version, controllers, own }) => {
    const [file, pattern] = version === 2 ? ['cgroup.events', /^frozen 1$/m] : ['freezer.state', /^FROZEN/];
    if (own === null || (version === 1 && !controllers.includes('freezer'))) return false;
    // The top has no such file.
    return existsSync(join(own, file)) && pattern.test(readFileSync(join(own, file), 'utf8'));
  });
}
