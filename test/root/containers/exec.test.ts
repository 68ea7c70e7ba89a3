import { readFileSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import type { Container, ExecOptions, RunInput } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { Program } from '../../support/programs.ts';
import { refusal } from '../../support/refusal.ts';
import { otherUser, requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

const isRoot = process.getuid?.() === 0;

describe('a command in a running container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  let container: Container;
  after(() => container.remove({ force: true }));
  const fixture = withOrlop();

  before(async function () {
    this.timeout(60_000);
    container = await fixture().orlop.create('busybox', ['sleep', '1000'], {
      env: { A: '1', B: '2' },
      workdir: '/data',
    });
    await container.start();
  });

  const sh = async (script: string, options: ExecOptions & RunInput = {}) => {
    const { stdout, stderr, exitCode } = await container.exec(['sh', '-c', script], options);
    expect(stderr).to.equal('');
    expect(exitCode).to.equal(0);
    return stdout;
  };

  it('is in all namespaces and control groups of the application', async () => {
    const pid = (await container.summary()).pid ?? 0;
    const names = ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];
    const inside = await sh(`for n in ${names.join(' ')}; do readlink /proc/self/ns/$n; done`);
    expect(inside.trim().split('\n')).to.deep.equal(names.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`)));
    const running = await container.startExec(['sleep', '1000']);
    expect(readFileSync(`/proc/${running.pid}/cgroup`, 'utf8')).to.equal(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    expect(readlinkSync(`/proc/${running.pid}/root`)).to.equal('/');
    expect(await sh('grep -c . /proc/mounts')).to.equal(await sh('grep -c . /proc/1/mounts'));
    running.kill('SIGKILL');
    expect((await running.exited).exitCode).to.equal(137);
  });

  it('has the credentials, the filter and the limits of the application', async () => {
    const fields = 'Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Umask|Sig(Blk|Ign|Cgt)';
    const [application, own] = ['1', 'self'].map((pid) => sh(`grep -E "^(${fields})" /proc/${pid}/status | sort`));
    const signals = /Sig.*\n/g;
    expect((await own)?.replace(signals, '')).to.equal((await application)?.replace(signals, ''));
    expect(await own)
      .to.match(/NoNewPrivs:\t1\n/)
      .and.match(/Seccomp:\t2\n/);
    expect(await sh('cat /proc/self/limits')).to.equal(await sh('cat /proc/1/limits'));
    expect(await sh('cat /proc/self/oom_score_adj')).to.equal(await sh('cat /proc/1/oom_score_adj'));
  });

  it('has what the container was made with, whatever that is', async () => {
    const each = [
      { securityOpt: ['no-new-privileges=false'], capAdd: ['SYS_PTRACE'], capDrop: ['CHOWN'], network: 'host' },
      {
        securityOpt: ['seccomp=unconfined'],
        ulimits: ['nofile=50:60', 'core=0'],
        ...(isRoot && { oomScoreAdj: 700 }),
        readOnly: true,
      },
      { user: otherUser(), capDrop: ['ALL'], ulimits: ['nofile=4:4'], ...(isRoot && { limits: { pids: 10 } }) },
    ];
    for (const options of each) {
      await using other = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: true, ...options });
      const running = await other.start();
      const facts = ['status', 'limits', 'oom_score_adj', 'mounts'].map((name) => [
        `/proc/1/${name}`,
        `/proc/self/${name}`,
      ]);
      for (const [application = '', own = ''] of facts) {
        const [one, two] = await Promise.all([application, own].map((path) => other.exec(['cat', path])));
        const kept = ({ stdout = '' } = {}) =>
          stdout
            .split('\n')
            .filter((line) => !own.endsWith('status') || /^(Uid|Gid|Groups|Cap|NoNew|Seccomp|Umask)/.test(line));
        expect(kept(two), JSON.stringify(options)).to.deep.equal(kept(one));
      }
      expect(readFileSync(`/proc/${running.pid}/limits`, 'utf8')).to.match(/Max open files +(4|50|1024) /);
    }
  });

  it('has the environment and the directory of the application, and what the call changes', async () => {
    const { stdout } = await container.exec(['env']);
    const application = await sh(`tr '\\0' '\\n' </proc/1/environ`);
    expect(stdout.trim().split('\n').sort()).to.deep.equal(application.trim().split('\n').sort());
    expect(await sh('pwd; echo $A $B')).to.equal('/data\n1 2\n');
    expect(await sh('pwd; echo $A $B $C', { env: { A: '3', B: null, C: '4' }, workdir: '/tmp' })).to.equal(
      '/tmp\n3 4\n',
    );
  });

  it('runs as another user of the container', async function () {
    requiresIn(this, 'ids');
    const facts =
      'id -u; id -g; id -G; echo $HOME; grep -E "^Cap(Eff|Prm|Inh|Amb)" /proc/self/status | cut -f2 | sort -u';
    expect(await sh(facts, { user: 'alice', workdir: '/' })).to.equal(
      '1000\n1000\n1000 29\n/home/alice\n0000000000000000\n',
    );
    expect(await sh('id -u; id -g; id -G', { user: '7:8' })).to.equal('7\n8\n8\n');
    // The files of the container as it is now, not of its image.
    await sh('echo bob:x:1234:1234::/b:/bin/sh >>/etc/passwd');
    expect(await sh('id -u; echo $HOME', { user: 'bob' })).to.equal('1234\n/b\n');
    expect(await refusal(container.exec(['true'], { user: 'nobody' }))).to.include({ code: 'ORLOP_E_NO_USER' });
  });

  it('gives its exit code, or that of a command which cannot be executed', async () => {
    const code = async (argv: string[]) => (await container.exec(argv, { reject: false })).exitCode;
    expect(await code(['sh', '-c', 'exit 7'])).to.equal(7);
    expect(await code(['sh', '-c', 'kill -TERM $$'])).to.equal(143);
    expect(await code(['missing'])).to.equal(127);
    expect(await code(['/data/file'])).to.equal(126);
    const { exitCode, error } = await container.exec(['true'], { workdir: '/missing', reject: false });
    expect({ exitCode, code: error?.code }).to.deep.equal({ exitCode: 125, code: 'ENOENT' });
    expect(error?.message).to.contain("'/missing'");
    expect(await refusal(container.exec([]))).to.include({ code: 'ORLOP_E_INPUT' });
  });

  it('takes input, and gives its outputs in the forms of a run', async () => {
    expect(await sh('cat', { input: 'a line\n' })).to.equal('a line\n');
    const bytes = await container.exec(['printf', '\\377'], { encoding: 'buffer' });
    expect(bytes.stdout).to.deep.equal(Buffer.from([255]));
    expect((await container.exec(['printf', 'a\\nb\\n'], { lines: true })).stdout).to.deep.equal(['a', 'b']);
    const parts: string[] = [];
    await container.exec(['echo', 'x'], { onStdout: (text) => parts.push(text) });
    expect(parts.join('')).to.equal('x\n');
    const full = await container.exec(['yes'], { maxBuffer: 1000, reject: false });
    expect(full.error?.code).to.equal('ORLOP_E_BUFFER');
  });

  it('has no stream of the host, and not its null device', async () => {
    const links = await sh('readlink /proc/self/fd/0; ls /proc/self/fd | wc -l');
    // 0, 1, 2, and the directory that ls reads.
    expect(links).to.equal('/dev/null\n4\n');
    expect(await sh('stat -L -c %d /proc/self/fd/0')).to.equal(await sh('stat -c %d /dev/null'));
  });

  it('is ended by its time-out and by its signal', async () => {
    const late = await container.exec(['sleep', '1000'], { timeout: 300, reject: false });
    expect(late).to.include({ exitCode: 137, timedOut: true });
    const stop = new AbortController();
    const aborted = container.exec(['sleep', '1000'], { signal: stop.signal, reject: false });
    setTimeout(() => stop.abort(), 100);
    expect((await aborted).error?.code).to.equal('ORLOP_E_ABORTED');
    const never = await container.exec(['true'], { signal: AbortSignal.abort(), reject: false });
    expect(never.error?.code).to.equal('ORLOP_E_ABORTED');
    await until('only the application is left', async () => (await container.top()).length === 1);
  });

  it('is refused while the container is paused', async function () {
    // The program that pauses opens the store as root does.
    requiresIn(this, 'root');
    const program = new Program(fixture(), ['pause', container.id]);
    await program.next();
    const { code, message } = await refusal(container.exec(['true']));
    expect(code).to.equal('ORLOP_E_INPUT');
    expect(message).to.contain('is paused');
    program.tell('go on');
    await program.end();
    expect(await sh('echo on')).to.equal('on\n');
  });

  it('ends with the container', async () => {
    const other = await fixture().orlop.create('busybox', ['sleep', '1000']);
    await other.start();
    const running = await other.startExec(['sleep', '1000']);
    await other.kill();
    expect((await running.exited).signal).to.equal('SIGKILL');
    await other.wait();
    const { code, message } = await refusal(other.exec(['true']));
    expect({ code, message }).to.deep.include({ code: 'ORLOP_E_INPUT' });
    expect(message).to.contain('does not run');
    await other.remove();
    expect(await refusal(other.exec(['true']))).to.include({ code: 'ORLOP_E_NO_CONTAINER' });
  });
});
