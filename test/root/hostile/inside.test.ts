import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunOptions } from '../../../ts/request/types.ts';
import { cliPath } from '../../support/cli.ts';
import { withCliStore } from '../../support/cli-store.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

/** Numbers of system calls on this machine. */
const syscalls: Readonly<Record<string, number>> =
  process.arch === 'arm64'
    ? {
        ptrace: 117,
        ...{ add_key: 217, bpf: 280, io_uring_setup: 425, keyctl: 219, kexec_load: 104, mount: 40, move_mount: 429 },
        ...{ open_by_handle_at: 265, perf_event_open: 241, setns: 268, unshare: 97, userfaultfd: 282, clone3: 435 },
      }
    : {
        ptrace: 101,
        ...{ add_key: 248, bpf: 321, io_uring_setup: 425, keyctl: 250, kexec_load: 246, mount: 165, move_mount: 429 },
        ...{ open_by_handle_at: 304, perf_event_open: 298, setns: 308, unshare: 272, userfaultfd: 323, clone3: 435 },
      };

describe('what runs in a container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'perl');
  const fixture = withOrlop();
  const sh = (script: string, options: RunOptions = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], options);
  const perl = async (program: string, options: RunOptions = {}): Promise<string> => {
    const result = await fixture().orlop.run('host', ['perl', '-MSocket', '-MPOSIX', '-e', program], options);
    return result.stdout + result.stderr;
  };

  it('sees no process but its own, and no descriptor but the three streams', async () => {
    const look = `for my $p (map { m{(\\d+)} } </proc/[0-9]*>) {
      for my $n (0..999) { my $l = readlink("/proc/$p/fd/$n"); print "$p $n\n" if defined $l } }`;
    expect(await perl(look)).to.equal('1 0\n1 1\n1 2\n');
  });

  it('has from outside the three streams and its own variables only', async () => {
    const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: true });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    // The start is over as soon as the new program is sure, a moment before the kernel has done all of execve.
    const names = await until('the environment of the application', () => {
      const content = readFileSync(`/proc/${running.pid}/environ`, 'utf8');
      return content !== '' && content.split('\0').map((entry) => entry.split('=')[0]);
    });
    expect(names).to.have.members(['PATH', 'HOSTNAME', 'HOME', '']);
    expect(readdirSync(`/proc/${running.pid}/fd`).sort()).to.deep.equal(['0', '1', '2']);
    running.kill('SIGKILL');
    await running.exited;
  });

  it('cannot signal or trace a process of the host, with the capability for it too', async () => {
    const attack = `
      for my $pid (${process.pid}, getppid() || ${process.ppid}) { print kill(0, $pid) ? "reached $pid\n" : "no\n" }
      print syscall(${syscalls.ptrace}, 16, ${process.pid}, 0, 0) < 0 ? "no\n" : "traced\n";`;
    expect(await perl(attack, { capAdd: ['SYS_PTRACE', 'KILL'] })).to.equal('no\nno\nno\n');
  });

  it('cannot reach an abstract socket of the host, unless it shares its network', async () => {
    const name = `orlop-test-${process.pid}`;
    const listen = `socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un("\\0${name}")) && listen($s, 9);
      $| = 1; print "ready"; sleep 1000`;
    const server = spawn('perl', ['-MSocket', '-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    try {
      const attack = `socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un("\\0${name}")) ? "open" : "no"`;
      expect(await perl(attack)).to.equal('no');
      expect(await perl(attack, { network: 'host' })).to.equal('open');
      expect((await sh(`grep -c ${name} /proc/net/unix`)).stdout).to.equal('0\n');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('cannot set anything of the kernel', async function () {
    requiresIn(this, 'ids');
    const files = [
      '/proc/sys/kernel/core_pattern',
      '/proc/sys/kernel/modprobe',
      '/proc/sys/vm/overcommit_memory',
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/sysrq-trigger',
      '/sys/kernel/uevent_helper',
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ];
    const script = `for f in ${files.join(' ')}; do [ -e $f ] || continue; (echo x > $f) 2>/dev/null && echo $f; done; true`;
    const writable = 'find /proc/sys /sys /proc/irq /proc/fs /proc/bus -type f -writable 2>/dev/null | head';
    expect((await sh(`${script}; touch /proc/sys/x /sys/x 2>/dev/null && echo made; true`)).stdout).to.equal('');
    const user = await sh(`${writable}; true`, { user: '1000' });
    expect(user.stdout).to.equal('');
  });

  it('sees no control group of its caller, and none beside it', async () => {
    const look = ['sh', '-c', 'ls -A /sys/fs/cgroup; grep -c " - cgroup" /proc/self/mountinfo; true'];
    for (const image of ['busybox', 'host']) {
      expect((await fixture().orlop.run(image, look)).stdout, image).to.equal('0\n');
    }
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    expect((await pool.run(look)).stdout).to.equal('0\n');
  });

  it('cannot take a mask away, mount, or make a device that opens', async () => {
    const script = [
      'umount /proc/keys && echo unmounted',
      'mount -t proc proc /tmp && echo mounted',
      'mount -o remount,rw /proc/sys && echo remounted',
      'mknod /tmp/null c 1 3 && echo made',
      'chroot / mount -t tmpfs x /tmp && echo chrooted',
      'true',
    ].join('; ');
    expect((await sh(script)).stdout).to.equal('');
    const devices = 'for d in / /v /tmp /dev/shm; do mknod $d/zero c 1 5; head -c 1 $d/zero | wc -c; done; true';
    const made = await sh(devices, { capAdd: ['MKNOD'], volumes: ['/v'], tmpfs: ['/tmp'] });
    expect(made.stdout).to.equal('0\n'.repeat(4));
  });

  it('makes with MKNOD no device of the host, but those of every container, and other files', async function () {
    requiresIn(this, 'root');
    const script = `cd /dev; for one in 'b 7 0' 'c 1 1' 'c 10 229'; do mknod host $one 2>&1; done
      mknod null2 c 1 3; mknod gone c 0 0; mknod pipe p; head -c 1 null2 | wc -c; ls host gone pipe`;
    const { stdout, stderr } = await sh(script, { capAdd: ['MKNOD'] });
    expect(stdout).to.equal(`${'mknod: host: Operation not permitted\n'.repeat(3)}0\ngone\npipe\n`);
    expect(stderr).to.equal('ls: host: No such file or directory\n');
  });

  it('opens no device file in a directory or at a path of the host, unless it was given with dev', async function () {
    requiresIn(this, 'root');
    const directory = join(fixture().directory, 'devices');
    mkdirSync(directory);
    const zero = join(directory, 'zero');
    // Nothing answers for the other one: to open it is another error than to be kept from it.
    const host = join(directory, 'host');
    execFileSync('mknod', [zero, 'c', '1', '5']);
    execFileSync('mknod', [host, 'c', '60', '77']);
    const read = 'for f in "$@"; do head -c 1 $f 2>&1 >/dev/null | sed "s/.*: //"; done';
    const opened = async (volumes: string[], ...paths: string[]) => openedWith({ volumes }, ...paths);
    const openedWith = async (options: RunOptions, ...paths: string[]) =>
      (await fixture().orlop.run('busybox', ['sh', '-c', read, 'sh', ...paths], options)).stdout;
    expect(await opened([`${directory}:/v`], '/v/zero', '/v/host')).to.equal('Permission denied\n'.repeat(2));
    // Of a directory, the filter allows what every container may use, and what a rule names.
    const volumes = [`${directory}:/v:dev`];
    expect(await opened(volumes, '/v/zero', '/v/host')).to.equal('Operation not permitted\n');
    const ruled = { volumes, deviceCgroupRules: ['c 60:77 r'] };
    expect(await openedWith(ruled, '/v/zero', '/v/host')).to.equal('No such device or address\n');
    // Many programs use these to hide a file.
    expect(await opened([`${zero}:/zero`], '/zero')).to.equal('');
    expect(await opened([`${host}:/host:dev`], '/host')).to.equal('No such device or address\n');
    const refused = await refusal(opened([`${host}:/host`]));
    expect(refused).to.include({ code: 'ORLOP_E_SOURCE' });
    expect(refused.message).to.include(`the device 'c 60:77'`);
    expect(refused.hint).to.include('/host:dev');
  });

  it('is refused the system calls that lead to the kernel rather than to files', async () => {
    const { ptrace: _, ...forbidden } = syscalls;
    const attempts = Object.entries(forbidden).map(
      ([name, number]) =>
        `$! = 0; print "${name} ", syscall(${number}, 0x10000000, 0, 0, 0, 0) < 0 ? ($!{EPERM} || $!{ENOSYS} ? "no" : $!) : "yes", "\n";`,
    );
    const sockets = ['38 ALG', '40 VSOCK', '17 PACKET'].map((one) => {
      const [family, name] = one.split(' ');
      return `print "${name} ", socket(my $s, ${family}, SOCK_DGRAM, 0) ? "yes" : "no", "\n";`;
    });
    const names = [...Object.keys(forbidden), 'ALG', 'VSOCK', 'PACKET'];
    expect(await perl([...attempts, ...sockets].join('\n'))).to.equal(names.map((name) => `${name} no\n`).join(''));
  });

  it('reads no keys, no log and no memory of the kernel', async () => {
    const script =
      'cat /proc/keys /proc/kcore /proc/timer_list 2>/dev/null | wc -c; dmesg 2>/dev/null | wc -l; [ -e /dev/mem ] || echo none';
    expect((await sh(script)).stdout).to.equal('0\n0\nnone\n');
  });

  it('is as likely as its caller to be chosen when memory runs out, and cannot get better', async () => {
    const own = readFileSync('/proc/self/oom_score_adj', 'utf8');
    const result = await sh('cat /proc/1/oom_score_adj; echo -999 > /proc/1/oom_score_adj; cat /proc/1/oom_score_adj');
    expect(result.stdout).to.equal(own + own);
    expect(result.stderr).to.match(/Permission denied/);
  });

  it('does not change what it shares with the host: time and terminals', async () => {
    const result = await sh('ls /dev/pts; [ -e /dev/console ] && echo console; date -s @$(date +%s) >/dev/null');
    expect(result.stdout).to.equal('ptmx\n');
    expect(result.stderr).to.match(/can't set date: Operation not permitted/);
  });
});

describe('a descriptor and a variable that orlop run was given', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const store = withCliStore();

  it('do not reach the container', () => {
    const inside = 'ls /proc/self/fd; env; cat /proc/1/environ';
    const command = [process.execPath, cliPath, '--root', store().root, 'run', '--rm', 'busybox', 'sh', '-c', inside];
    const result = spawnSync('sh', ['-c', 'exec 7</etc/passwd 8<>/dev/zero; exec "$@"', 'sh', ...command], {
      encoding: 'utf8',
      env: { ...process.env, ORLOP_TEST_SECRET: 'secret' },
      timeout: 120_000,
    });
    expect(result.stderr).to.equal('');
    expect(result.stdout).to.match(/^0\n1\n2\n3\n[A-Z]/);
    expect(result.stdout).to.not.match(/SECRET|secret|NODE/);
  });
});
