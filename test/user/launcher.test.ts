import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Orlop } from '../../ts/index.ts';
import { busyboxArchive } from '../support/busybox.ts';
import { removeAll } from '../support/orlop.ts';
import { parentOf, processesOf } from '../support/processes.ts';
import { refusal } from '../support/refusal.ts';
import { requires } from '../support/require.ts';
import { until } from '../support/temporary.ts';

describe('orlop-launcher', function () {
  this.timeout(120_000);
  requires('user', 'addon', 'archive', 'overlay', 'busybox');
  let directory = '';
  const program = `
    import { Orlop } from ${JSON.stringify(join(process.cwd(), 'ts/index.ts'))};
    const [root, run, mark] = process.argv.slice(1);
    const orlop = await Orlop.open({ root, run });
    const container = await orlop.create('busybox', ['sleep', mark], { rm: true, volumes: ['/anonymous', 'named:/named'] });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    console.log(running.pid);
    console.log(JSON.stringify(await running.exited));
    console.log(await orlop.run('busybox', ['true']).catch((error) => error.message));
    const again = await Orlop.open({ root, run });
    console.log((await again.run('busybox', ['echo', 'again'])).stdout.trim());
    process.exit(0);`;

  before(async () => {
    directory = mkdtempSync('/var/tmp/orlop-test-');
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    await orlop.images.import(busyboxArchive(directory), { reference: 'busybox' });
  });
  after(() => removeAll(directory));

  /** Starts the program; its container sleeps for so many seconds that the number marks it. */
  async function start(mark: string): Promise<{ child: ChildProcess; next(): Promise<string>; pid: number }> {
    const child = spawn(
      process.execPath,
      [
        ...['--import=tsx', '--input-type=module', '--eval', program, '--'],
        ...[join(directory, 'root'), join(directory, 'run'), mark],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (child.stdout === null) throw new Error('no output');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    return { child, next, pid: Number(await next()) };
  }

  it('has containers that are children of the program, and end with it after a kill', async () => {
    const { child, pid } = await start('100001');
    expect(parentOf(pid)).to.equal(child.pid);
    const launchers = processesOf('orlop-launcher').filter((launcher) => parentOf(launcher) === child.pid);
    expect(launchers).to.have.length(1);
    // Otherwise the keys of a terminal would end it, and the containers with it.
    const session = readFileSync(`/proc/${launchers[0]}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[3];
    expect(Number(session)).to.equal(launchers[0]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until('the application and the launcher have ended', () =>
      [pid, ...launchers].every((one) => !existsSync(`/proc/${one}`)),
    );
    // The next program finishes what was left.
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    expect(readdirSync(join(directory, 'root/volumes'))).to.deep.equal(['named']);
    expect(readdirSync(join(directory, 'root/mnt'))).to.deep.equal([]);
  });

  it('ends its containers with it, and the program is told', async () => {
    const { child, next } = await start('100002');
    const [launcher = 0] = processesOf('orlop-launcher').filter((one) => parentOf(one) === child.pid);
    process.kill(launcher, 'SIGKILL');
    expect(JSON.parse(await next())).to.include({ exitCode: 137, signal: 'SIGKILL' });
    expect(await next()).to.match(/orlop-launcher has ended/);
    expect(await next(), 'of a runtime that was opened after that').to.equal('again');
    await once(child, 'exit');
  });

  it('gives its memory to no process of a container', async () => {
    const { child, pid } = await start('100003');
    const [launcher = 0] = processesOf('orlop-launcher').filter((one) => parentOf(one) === child.pid);
    // Of the same user on the host, and without capabilities over it.
    expect(() => readFileSync(`/proc/${launcher}/environ`)).to.throw(/EACCES|EPERM/);
    child.kill('SIGKILL');
    await until('the application has ended', () => !existsSync(`/proc/${pid}`));
  });

  it('shares the network of the host on request, without its control groups', async () => {
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    const script = 'readlink /proc/self/ns/net; ls -A /sys/fs/cgroup; touch /sys/x 2>&1 | grep -c Read-only';
    const { stdout } = await orlop.run('busybox', ['sh', '-c', script], { network: 'host' });
    expect(stdout).to.equal(`${readlinkSync('/proc/self/ns/net')}\n1\n`);
  });

  it('holds 2 MB at most a while after many containers at once', async () => {
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    const [launcher = 0] = processesOf('orlop-launcher').filter((one) => parentOf(one) === process.pid);
    const read = (field: RegExp) => Number(field.exec(readFileSync(`/proc/${launcher}/status`, 'utf8'))?.[1]);
    for (let burst = 0; burst < 3; burst++) {
      await Promise.all(Array.from({ length: 32 }, () => orlop.run('busybox', ['true'])));
    }
    // The most at once was more: each call had a thread.
    expect(read(/^VmHWM:\s*(\d+) kB$/m)).to.be.above(2048);
    await until('it has given memory back', () => read(/^VmRSS:\s*(\d+) kB$/m) <= 2048);
  });

  it('runs a hundred containers at once', async () => {
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    const runs = Array.from({ length: 100 }, (_, i) => orlop.run('busybox', ['echo', `${i}`]));
    expect((await Promise.all(runs)).map(({ stdout }) => stdout)).to.deep.equal(runs.map((_, i) => `${i}\n`));
  });

  it('ends a start that takes too long', async () => {
    await using orlop = await Orlop.open({ root: join(directory, 'root'), run: join(directory, 'run') });
    const error = await refusal(orlop.run('busybox', ['sleep', '1000'], { timeout: 300 }));
    expect(error).to.include({ code: 'ORLOP_E_TIMEOUT' });
  });
});
