import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { hasOneId } from '../../support/rights.ts';

describe('the sandbox of a container', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const run = async (script: string, options = {}) => {
    const result = await fixture().orlop.run('busybox', ['sh', '-c', script], { rm: true, ...options });
    expect(result.stderr).to.equal('');
    return result.stdout;
  };
  const status = (text: string, name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1];

  it('makes the application PID 1, seen from inside and from outside', async () => {
    const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: true });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    const outside = readFileSync(`/proc/${running.pid}/status`, 'utf8');
    expect(status(outside, 'NSpid')).to.equal(`${running.pid}\t1`);
    expect(readlinkSync(`/proc/${running.pid}/exe`)).to.equal('/bin/busybox');
    running.kill('SIGKILL');
    await running.exited;
    expect(await run('echo $$')).to.equal('1\n');
  });

  it('has namespaces of its own: mount, PID, IPC, UTS, cgroup and network', async () => {
    const inside = (await run('for n in mnt pid ipc uts cgroup net user; do readlink /proc/self/ns/$n; done'))
      .trim()
      .split('\n');
    const own = ['mnt', 'pid', 'ipc', 'uts', 'cgroup', 'net'].map((name) => readlinkSync(`/proc/self/ns/${name}`));
    for (const [index, name] of own.entries()) expect(inside[index], name).to.not.equal(name);
    // An ordinary user's containers share one of their own.
    const shared = process.getuid?.() === 0;
    expect(inside[6] === readlinkSync('/proc/self/ns/user')).to.equal(shared);
  });

  it('gives the default capabilities, and none that can be inherited or are ambient', async () => {
    const text = await run('cat /proc/self/status');
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
    const set = [0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31].reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    const hex = set.toString(16).padStart(16, '0');
    for (const name of ['CapPrm', 'CapEff', 'CapBnd']) expect(status(text, name), name).to.equal(hex);
    for (const name of ['CapInh', 'CapAmb']) expect(status(text, name), name).to.equal('0'.repeat(16));
  });

  it('adds and drops capabilities as asked', async () => {
    const text = await run('cat /proc/self/status', { capDrop: ['ALL'], capAdd: ['NET_RAW'] });
    expect(status(text, 'CapEff')).to.equal((1n << 13n).toString(16).padStart(16, '0'));
  });

  it('gives a user who is not root no capability', async () => {
    if (await hasOneId()) {
      const refused = await refusal(run('true', { user: 'alice' }));
      return expect(refused).to.include({ code: 'ORLOP_E_PERMISSION' });
    }
    const text = await run('cat /proc/self/status; id', { user: 'alice' });
    for (const name of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) expect(status(text, name)).to.equal('0'.repeat(16));
    expect(text).to.match(
      /^uid=1000\(alice\) gid=1000\(alice\) groups=(29\(audio\),1000\(alice\)|1000\(alice\),29\(audio\))$/m,
    );
  });

  it('sets no_new_privs and a system-call filter', async () => {
    const text = await run('cat /proc/self/status');
    expect(status(text, 'NoNewPrivs')).to.equal('1');
    expect(status(text, 'Seccomp')).to.equal('2');
    const off = await run('cat /proc/self/status', {
      securityOpt: ['no-new-privileges=false', 'seccomp=unconfined'],
    });
    expect(status(off, 'NoNewPrivs')).to.equal('0');
    expect(status(off, 'Seccomp')).to.equal('0');
  });

  it('refuses to mount, to make namespaces, and to read the keys of the kernel log', async () => {
    const result = await fixture().orlop.run(
      'busybox',
      ['sh', '-c', 'mount -t tmpfs x /tmp; unshare -m true; echo done'],
      { rm: true },
    );
    expect(result.stdout).to.equal('done\n');
    expect(result.stderr).to.match(/mount:.*(not permitted|denied)/);
    expect(result.stderr).to.match(/unshare.*not permitted/);
  });

  it('has the default mounts, with their options', async () => {
    const mounts = new Map(parseMounts(await run('cat /proc/self/mountinfo')).map((entry) => [entry.target, entry]));
    const expected: Record<string, [type: string, ...options: string[]]> = {
      '/': ['overlay', 'rw', 'nodev'],
      '/proc': ['proc', 'rw', 'nosuid', 'nodev', 'noexec'],
      '/dev': ['tmpfs', 'rw', 'nosuid'],
      '/dev/pts': ['devpts', 'rw', 'nosuid', 'noexec'],
      '/dev/shm': ['tmpfs', 'rw', 'nosuid', 'nodev', 'noexec'],
      '/dev/mqueue': ['mqueue', 'rw', 'nosuid', 'nodev', 'noexec'],
      '/sys': ['sysfs', 'ro', 'nosuid', 'nodev', 'noexec'],
      '/etc/hosts': ['tmpfs', 'rw', 'nosuid', 'noexec'],
      '/etc/hostname': ['tmpfs', 'rw', 'nosuid', 'noexec'],
      '/etc/resolv.conf': ['tmpfs', 'rw', 'nosuid', 'noexec'],
    };
    for (const [target, [type, ...options]] of Object.entries(expected)) {
      expect(mounts.get(target)?.type, target).to.equal(type);
      expect(mounts.get(target)?.options, target).to.include.members(options);
    }
  });

  it('has the devices of the specification and the links to standard streams', async () => {
    const list = await run(
      'cd /dev; for n in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" $n; done; for n in ptmx fd stdin stdout stderr; do readlink $n; done',
    );
    expect(list).to.equal(
      [
        'null character special file 1:3 666',
        'zero character special file 1:5 666',
        'full character special file 1:7 666',
        'random character special file 1:8 666',
        'urandom character special file 1:9 666',
        'tty character special file 5:0 666',
        'pts/ptmx',
        '/proc/self/fd',
        '/proc/self/fd/0',
        '/proc/self/fd/1',
        '/proc/self/fd/2',
        '',
      ].join('\n'),
    );
  });

  it('masks and write-protects what leads to the host', async () => {
    expect(
      await run(
        'cat /proc/interrupts /proc/kcore /proc/timer_list 2>/dev/null; ls -A /sys/firmware /proc/acpi 2>/dev/null',
      ),
    ).to.match(/^((\/sys\/firmware|\/proc\/acpi):\n+)*$/);
    const result = await fixture().orlop.run(
      'busybox',
      ['sh', '-c', 'echo x > /proc/sys/kernel/hostname; echo x > /proc/sys/kernel/core_pattern'],
      {
        rm: true,
      },
    );
    expect(result.stderr.match(/Read-only file system/g)).to.have.length(2);
  });

  it('has hostname and hosts of its own', async () => {
    expect(await run('hostname; cat /etc/hostname; grep named /etc/hosts | wc -l', { hostname: 'named' })).to.equal(
      'named\nnamed\n1\n',
    );
  });

  it('has a loopback interface that is up, and no other', async () => {
    expect(
      await run(
        'ls /sys/class/net; cat /sys/class/net/lo/operstate; ping -c 1 127.0.0.1 >/dev/null 2>&1; ip -o link | grep -c "lo:.*UP"',
      ),
    ).to.match(/^lo\n\w+\n1\n$/);
  });

  it('starts with signals at their defaults, umask 022, few descriptors, and / as directory', async () => {
    const text = await run('cat /proc/self/status; umask; pwd; ls /proc/self/fd | wc -l');
    for (const name of ['SigBlk', 'SigIgn', 'SigCgt']) expect(status(text, name), name).to.equal('0'.repeat(16));
    expect(text.trim().split('\n').slice(-3)).to.deep.equal(['0022', '/', '4']);
  });

  it('takes environment, directory and limits from the request', async () => {
    const text = await run('echo $A; pwd; ulimit -n; ulimit -Hn; env | sort | cut -d= -f1 | tr "\\n" " "', {
      env: ['A=b'],
      workdir: '/work/dir',
      ulimits: ['nofile=123:456'],
    });
    expect(text).to.match(/^b\n\/work\/dir\n123\n456\n/);
    expect(text).to.match(/A HOME (HOSTNAME )?PATH/);
  });

  it('does not let a device node of an image be opened', async () => {
    const result = await fixture().orlop.run('busybox', ['sh', '-c', 'mknod /node c 1 3 && echo x > /node'], {
      rm: true,
      capAdd: ['MKNOD'],
    });
    // In a user namespace it cannot even be made.
    expect(result.stderr).to.match(process.getuid?.() === 0 ? /Permission denied/ : /mknod: .*not permitted/);
  });

  it('can have a root file system that is read-only while volumes are not', async () => {
    const result = await fixture().orlop.run('busybox', ['sh', '-c', 'echo x > /f; echo y > /v/f && cat /v/f'], {
      readOnly: true,
      volumes: ['/v'],
      rm: true,
    });
    expect(result.stderr).to.include('Read-only file system');
    expect(result.stdout).to.equal('y\n');
  });

  it('has the files of /etc read-only too, where the root file system is', async () => {
    const write = 'for f in hosts hostname resolv.conf; do echo x >> /etc/$f; done; true';
    const error = `Read-only file system`;
    const { stderr } = await fixture().orlop.run('busybox', ['sh', '-c', write], { readOnly: true });
    expect(stderr.split('\n').filter((line) => line.endsWith(error))).to.have.length(3);
    await using pool = await fixture().orlop.pool('busybox', { size: 1, readOnly: true });
    expect((await pool.run(['sh', '-c', write])).stderr).to.equal(stderr);
    expect((await fixture().orlop.run('busybox', ['sh', '-c', write])).stderr).to.equal('');
  });

  it('can have files of the caller in the place of those of /proc that tell about the machine', async () => {
    const own = join(fixture().directory, 'meminfo');
    writeFileSync(own, 'MemTotal: 7 kB\n');
    // Before mount_setattr, /proc/sys cannot be made read-only with a mount below it.
    const names = ['meminfo', 'stat', process.env.ORLOP_FEATURES === '0' ? 'uptime' : 'sys/kernel/ns_last_pid'];
    const volumes = names.map((name) => `${own}:/proc/${name}`);
    const read = ['sh', '-c', `cd /proc; cat ${names.join(' ')}; echo x > ${names[2]}`];
    const { stdout, stderr } = await fixture().orlop.run('busybox', read, {
      volumes: volumes.map((one) => `${one}:ro`),
    });
    expect(stdout).to.equal('MemTotal: 7 kB\n'.repeat(names.length));
    expect(stderr).to.include('Read-only file system');
    await using pool = await fixture().orlop.pool('busybox', { size: 1 });
    expect((await pool.run(['cat', '/proc/meminfo'], { volumes: [`${own}:/proc/meminfo`] })).stdout).to.equal(
      'MemTotal: 7 kB\n',
    );
  });
});
