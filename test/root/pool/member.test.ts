import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Pool } from '../../../ts/index.ts';
import { mountTable, parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a member that waits', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'busybox', 'overlay');
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

  it('shares no memory with the program: it maps its own file, a stack and what the kernel gives', () => {
    const mapped = proc('maps')
      .trim()
      .split('\n')
      .map((line) => line.slice(73).trim());
    const own = realpathSync('build/Release/orlop-init');
    expect(
      mapped.filter((name) => !['', own, '[stack]', '[vdso]', '[vvar]', '[vvar_vclock]', '[vsyscall]'].includes(name)),
    ).to.deep.equal([]);
    const size = Number(/^VmSize:\s+(\d+) kB/m.exec(proc('status'))?.[1]);
    expect(size, 'kB of address space').to.be.below(1024);
    expect(proc('status')).to.match(/^Threads:\t1$/m);
  });

  it('has an empty environment', () => {
    expect(proc('environ')).to.equal('');
    expect(proc('cmdline')).to.equal('orlop-init\0member\0');
  });

  it('has no descriptor but its socket and the mounts that it has made', async () => {
    const links = () => readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const isSocket = (link: string) => link.startsWith('socket:');
    // One socket, which holds the places of the standard streams too; it said that it is ready by another.
    await until('one socket', () => new Set(links().filter(isSocket)).size === 1);
    expect(links().filter(isSocket).length).to.equal(4);
    const places = parseMounts(mountTable(pid)).map(({ target }) => target);
    const scratch = places.filter((target) => target.startsWith(`${fixture().root}/mnt/`));
    const own = (link: string) => link === '/' || scratch.some((target) => link.startsWith(target));
    expect(links().filter((link) => !isSocket(link) && !own(link))).to.deep.equal([]);
    const flags = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
    // O_CLOEXEC is 02000000.
    const isClosed = (text: string) =>
      (Number.parseInt(/^flags:\s+(\d+)/m.exec(text)?.[1] ?? '0', 8) & 0o2000000) !== 0;
    expect(flags.filter((text) => !isClosed(text))).to.deep.equal([]);
  });

  it('lives in the namespaces of its container, and sees the host until it has an application', () => {
    for (const name of ['mnt', 'pid', 'ipc', 'uts', 'net', 'cgroup']) {
      expect(namespace(pid, name), name).to.not.equal(namespace('self', name));
    }
    writeFileSync(join(fixture().directory, 'seen'), 'by the member');
    expect(readFileSync(`/proc/${pid}/root${fixture().directory}/seen`, 'utf8')).to.equal('by the member');
    expect(mountTable(pid)).to.include(`${fixture().root}/mnt/`);
    expect(mountTable('self')).to.not.include(`${fixture().root}/mnt/`);
  });

  it('sees what the host mounts while it waits, and holds nothing that the host unmounts', async () => {
    const late = join(fixture().directory, 'late');
    mkdirSync(late, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'late', late]);
    try {
      writeFileSync(join(late, 'f'), 'late\n');
      expect(mountTable(pid)).to.include(late);
      const { stdout } = await pool.run(['cat', '/late/f'], { volumes: [`${late}:/late`] });
      expect(stdout).to.equal('late\n');
    } finally {
      await until('another to wait', () => pool.stats.ready === 1);
      execFileSync('umount', [late]);
    }
    const { items } = await fixture().orlop.containers.list({ all: true });
    const other = items[0]?.pid ?? 0;
    expect(other).to.be.greaterThan(0);
    expect(mountTable(other)).to.not.include(late);
  });

  it('finds a source that only later members see', async () => {
    const hidden = join(fixture().directory, 'hidden');
    mkdirSync(hidden, { recursive: true });
    // Private mounts of the host do not travel to a member that waits.
    execFileSync('mount', ['--bind', hidden, hidden]);
    execFileSync('mount', ['--make-private', hidden]);
    await pool.close();
    pool = await fixture().orlop.pool('busybox', { size: 1 });
    const below = join(hidden, 'below');
    mkdirSync(below);
    execFileSync('mount', ['-t', 'tmpfs', 'below', below]);
    try {
      writeFileSync(join(below, 'f'), 'below\n');
      const { stdout } = await pool.run(['cat', '/below/f'], { volumes: [`${below}:/below`] });
      expect(stdout).to.equal('below\n');
    } finally {
      await pool.close();
      execFileSync('umount', [below]);
      execFileSync('umount', [hidden]);
    }
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

  it('works the older ways too, where the kernel lacks the newer ones', async () => {
    const before = process.env.ORLOP_FEATURES;
    process.env.ORLOP_FEATURES = '0';
    try {
      const older = await fixture().orlop.pool('busybox', { size: 1, volumes: ['/own'] });
      try {
        const script = 'cat /etc/hostname; echo hi > /test/f; cat /test/f; touch /etc/x && echo writable; ls -d /own';
        const { stdout, stderr } = await older.run(['sh', '-c', script], { volumes: ['old:/test', 'oldetc:/etc'] });
        expect(stderr).to.equal('');
        expect(stdout).to.match(/^[0-9a-f]{12}\nhi\nwritable\n\/own\n$/);
      } finally {
        await older.close();
      }
    } finally {
      if (before === undefined) delete process.env.ORLOP_FEATURES;
      else process.env.ORLOP_FEATURES = before;
    }
  });
});
