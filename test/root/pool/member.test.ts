import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type Pool } from '../../../ts/index.ts';
import { ownMountNamespaces } from '../../support/facts-of-life.ts';
import { mountTable, parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a waiting container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();
  let pool: Pool;
  let pid: number;

  beforeEach(async () => {
    pool = await fixture().orlop.pool('busybox', { size: 1 });
    const { items } = await fixture().orlop.containers.list({ all: true });
    pid = items[0]?.pid ?? 0;
  });
  afterEach(async () => {
    await pool.close();
  });

  const proc = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1');
  const namespace = (of: number | 'self', name: string) => readlinkSync(`/proc/${of}/ns/${name}`);

  it('is orlop-init, and a child of the program', () => {
    expect(readlinkSync(`/proc/${pid}/exe`)).to.equal(realpathSync('build/Release/orlop-init'));
    expect(proc('status')).to.match(new RegExp(`^PPid:\\t${process.pid}$`, 'm'));
    expect(proc('status')).to.match(/^NSpid:.*\t1$/m);
  });

  it('shares no memory with the program: it maps its own file, a stack, its record and what the kernel gives', () => {
    const mapped = proc('maps')
      .trim()
      .split('\n')
      .map((line) => line.slice(73).trim());
    const own = realpathSync('build/Release/orlop-init');
    const kernels = ['', '[stack]', '[vdso]', '[vvar]', '[vvar_vclock]', '[vsyscall]'];
    const record = '/memfd:orlop-progress (deleted)';
    expect(mapped.filter((name) => ![own, ...kernels].includes(name))).to.deep.equal([record]);
    // The program reads that file, and maps nothing of it.
    expect(readFileSync('/proc/self/maps', 'utf8')).to.not.include(record);
    const size = Number(/^VmSize:\s+(\d+) kB/m.exec(proc('status'))?.[1]);
    expect(size, 'kB of address space').to.be.below(1024);
    expect(proc('status')).to.match(/^Threads:\t1$/m);
  });

  it('has an empty environment', () => {
    expect(proc('environ')).to.equal('');
    expect(proc('cmdline')).to.equal('orlop-init\0wait\0');
  });

  it('has no descriptor but its socket and the mounts that it has made', async () => {
    const links = () =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
        } catch {
          return []; // closed meanwhile
        }
      });
    const isSocket = (link: string) => link.startsWith('socket:');
    // One socket, also as the standard streams. It has reported by another that it waits.
    await until('one socket', () => new Set(links().filter(isSocket)).size === 1);
    expect(links().filter(isSocket).length).to.equal(4);
    const places = parseMounts(mountTable(pid)).map(({ target }) => target);
    // What is attached nowhere, as its scratch file system, is shown as `/`.
    expect(links().filter((link) => !isSocket(link) && !places.includes(link))).to.deep.equal([]);
    const flags = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
    // O_CLOEXEC is 02000000.
    const isClosed = (text: string) =>
      (Number.parseInt(/^flags:\s+(\d+)/m.exec(text)?.[1] ?? '0', 8) & 0o2000000) !== 0;
    expect(flags.filter((text) => !isClosed(text))).to.deep.equal([]);
  });

  it('lives in the namespaces of its container', () => {
    for (const name of ['mnt', 'pid', 'ipc', 'uts', 'net', 'cgroup']) {
      expect(namespace(pid, name), name).to.not.equal(namespace('self', name));
    }
  });

  it('sees no mount of the host, but those that an application in a container sees', async () => {
    const shown = (table: string) => parseMounts(table).map(({ target, type, options }) => ({ target, type, options }));
    const { stdout } = await fixture().orlop.run('busybox', ['cat', '/proc/self/mountinfo']);
    expect(shown(mountTable(pid))).to.have.deep.members(shown(stdout));
    for (const { target, root, propagation } of parseMounts(mountTable(pid))) {
      expect(propagation).to.deep.equal([]);
      expect(`${target} ${root}`).to.not.include(fixture().directory);
    }
    writeFileSync(join(fixture().directory, 'unseen'), '');
    expect(existsSync(`/proc/${pid}/root${fixture().directory}/unseen`)).to.equal(false);
    expect(readdirSync(`/proc/${pid}/root`)).to.include.members(['bin', 'etc', 'proc']);
    expect(readdirSync(`/proc/${pid}/cwd`)).to.deep.equal(readdirSync(`/proc/${pid}/root`));
    expect(mountTable('self')).to.not.include(`${fixture().root}/mnt/`);
  });

  it('has given up what no application of it may gain, and nothing that attaching volumes takes', () => {
    const sets = Object.fromEntries(
      [...proc('status').matchAll(/^Cap(\w+):\t(\w+)$/gm)].map(([, name, set]) => [name, set]),
    );
    const sysAdmin = 1n << 21n;
    expect(BigInt(`0x${sets.Bnd}`) & sysAdmin).to.equal(0n);
    expect(BigInt(`0x${sets.Eff}`) & sysAdmin).to.equal(sysAdmin);
  });

  it('is under the default filter already, and under any other one only with its application', async () => {
    const status = (name: string, of = proc('status')) => new RegExp(`^${name}:\\t(\\d)`, 'm').exec(of)?.[1];
    expect([status('NoNewPrivs'), status('Seccomp')]).to.deep.equal(['1', '2']);
    const own = join(fixture().directory, 'profile.json');
    writeFileSync(
      own,
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdirat'], action: 'SCMP_ACT_ERRNO' }] }),
    );
    for (const [option, then] of [
      [`seccomp=${own}`, '2'],
      ['seccomp=unconfined', '0'],
      ['no-new-privileges=false', '2'],
    ] as const) {
      await pool.close();
      pool = await fixture().orlop.pool('busybox', { size: 1, securityOpt: [option] });
      const { items } = await fixture().orlop.containers.list({ all: true });
      expect(status('Seccomp', readFileSync(`/proc/${items[0]?.pid}/status`, 'latin1')), option).to.equal('0');
      const { stdout } = await pool.run(['cat', '/proc/1/status'], { volumes: ['own:/not/there'] });
      expect(status('Seccomp', stdout), option).to.equal(then);
    }
  });

  it('gets its root sealed when the volumes and the working directory of a request are there', async () => {
    await using sealed = await fixture().orlop.pool('busybox', { size: 1, readOnly: true });
    const script = 'pwd; touch /v/w/written && echo volume; touch here || echo sealed; mkdir /new || echo root';
    const { stdout } = await sealed.run(['sh', '-c', script], { volumes: ['sealed:/v/w'], workdir: '/made/for/it' });
    expect(stdout).to.equal('/made/for/it\nvolume\nsealed\nroot\n');
    expect((await sealed.run(['sh', '-c', 'touch /new || echo root'])).stdout).to.equal('root\n');
  });

  it('has no process of the program in it, before its request and after', async () => {
    const open = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === inside;
        } catch {
          return false;
        }
      });
    const inside = namespace(pid, 'mnt');
    expect(open().length).to.equal(1);
    const running = await pool.start(['sleep', '1000'], { volumes: ['own:/own'] });
    expect(running.pid).to.equal(pid);
    // One may be elsewhere already, to clone the next waiting container.
    expect(ownMountNamespaces()).to.include(namespace('self', 'mnt')).and.to.not.include(inside);
    expect(open()).to.deep.equal([]);
    running.kill('SIGKILL');
    await running.exited;
  });

  it('gives a request what the host has mounted meanwhile, and holds nothing that the host unmounts', async function () {
    requiresIn(this, 'root');
    const late = join(fixture().directory, 'late');
    mkdirSync(late, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'late', late]);
    // Private mounts propagate nowhere.
    execFileSync('mount', ['--make-private', late]);
    try {
      writeFileSync(join(late, 'f'), 'late\n');
      const { stdout } = await pool.run(['cat', '/late/f'], { volumes: [`${late}:/late`] });
      expect(stdout).to.equal('late\n');
      await until('another to wait', () => pool.stats.ready === 1);
      const { items } = await fixture().orlop.containers.list({ all: true });
      const other = items[0]?.pid ?? 0;
      expect(other).to.be.greaterThan(0);
      expect(mountTable(other)).to.not.include('late');
    } finally {
      execFileSync('umount', [late]);
    }
  });

  it('gets the volumes of a request opened by the program, and attaches them in its root', async () => {
    const { steps } = (await pool.run(['true'], { volumes: ['data:/test'] })).timings;
    const names = steps.map(({ step }) => step);
    expect(names.indexOf('attach')).to.be.greaterThan(names.indexOf('bind'));
    expect(names.indexOf('join')).to.be.within(names.indexOf('bind'), names.indexOf('attach'));
    expect(names.indexOf('hand over')).to.be.greaterThan(names.indexOf('attach'));
    expect(names).to.not.include.members(['clone', 'propagation', 'pivot']);
  });

  it('is left alone when a source may never answer: the request is an ordinary start, which can be cancelled', async () => {
    // As NFS and FUSE, sysfs is not known to be of this machine’s memory or disks.
    const volumes = ['/sys/fs:/fs:ro'];
    const { stdout, timings } = await pool.run(['ls', '/fs', '/own'], { volumes: [...volumes, 'own:/own'] });
    expect(stdout.split('\n')).to.include.members(['/own:', ...readdirSync('/sys/fs')]);
    expect(timings.steps.map(({ step }) => step)).to.include.members(['clone', 'bind', 'pivot']);
    expect(pool.stats).to.deep.include({ started: 1, running: 0, ready: 1, making: 0 });
    const { items } = await fixture().orlop.containers.list({ all: true });
    expect(items.map((item) => item.pid)).to.deep.equal([pid]);
    const hidden = await refusal(pool.run(['true'], { volumes: [...volumes, 'data:/proc'] }));
    expect(hidden.code).to.equal('ORLOP_E_TARGET');
  });

  it('is not made for a pool whose own source may never answer', async () => {
    await using other = await fixture().orlop.pool('busybox', { size: 1, volumes: ['/sys/fs:/fs:ro'] });
    expect(other.stats).to.deep.include({ ready: 0, making: 0 });
    const { stdout } = await other.run(['ls', '/fs'], { volumes: ['own:/own'] });
    expect(stdout.trim().split('\n')).to.deep.equal(readdirSync('/sys/fs').sort());
    const taken = await refusal(other.run(['true'], { volumes: ['data:/fs'] }));
    expect(taken.code).to.equal('ORLOP_E_DUPLICATE_TARGET');
  });

  it('leaves nothing of itself to its application', async () => {
    const { stdout } = await pool.run([
      'sh',
      '-c',
      'ls -l /proc/1/fd | grep -c socket; tr "\\0" "\\n" < /proc/1/environ; cat /proc/1/maps',
    ]);
    expect(stdout).to.match(/^0\n/);
    expect(stdout).to.not.include('orlop');
  });

  it('is not made where the kernel lacks what it takes, and each request is an ordinary start', async () => {
    const before = process.env.ORLOP_FEATURES;
    process.env.ORLOP_FEATURES = '0';
    try {
      const { root, run } = fixture();
      await using orlop = await Orlop.open({ root, run });
      await using older = await orlop.pool('busybox', { size: 1, volumes: ['/own'] });
      expect(older.stats).to.deep.include({ ready: 0, making: 0 });
      const script = 'cat /etc/hostname; echo hi > /test/f; cat /test/f; touch /etc/x && echo writable; ls -d /own';
      const { stdout, stderr } = await older.run(['sh', '-c', script], { volumes: ['old:/test', 'oldetc:/etc'] });
      expect(stderr).to.equal('');
      expect(stdout).to.match(/^[0-9a-f]{12}\nhi\nwritable\n\/own\n$/);
      expect(older.stats).to.deep.include({ ready: 0, making: 0, started: 1, running: 0 });
      await older.close();
      expect((await refusal(older.run(['true']))).code).to.equal('ORLOP_E_CLOSED');
    } finally {
      if (before === undefined) delete process.env.ORLOP_FEATURES;
      else process.env.ORLOP_FEATURES = before;
    }
  });
});
