import { expect } from 'chai';
import { Guest, type GuestUser } from '../support/guest.ts';
import { requires } from '../support/require.ts';

// One boot for all: it takes longer than any of the tests. Nothing is timed in the guest.
describe('orlop of ordinary users, on another kernel', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'addon', 'archive', 'helper', 'cli', 'busybox');
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot();
  });
  after(() => guest?.end());

  /** What a script writes that must succeed. */
  async function output(user: GuestUser, script: string): Promise<string> {
    const { status, stdout, stderr } = await guest.run(user, script);
    expect(status, `${script}\n${stderr}`).to.equal(0);
    return stdout;
  }

  /** Executes a script of root, then the test, then the script that undoes it. */
  async function whileRoot(script: string, undo: string, test: () => Promise<void>): Promise<void> {
    await output('root', script);
    try {
      await test();
    } finally {
      await output('root', undo);
    }
  }

  // The user's range is 300000 and the next 65535, beside the user.
  const own = 61001;
  const writeAndRead = `run --rm -v data:/test busybox sh -c 'echo hi >> /test/f; wc -l < /test/f; awk "{print \\$2}" /proc/self/uid_map'`;

  it('runs a container with a volume, with the range of IDs of its user', async () => {
    expect(await output('alice', 'uname -r')).to.match(/cloud/);
    await output('alice', `orlop import ${guest.archive} busybox`);
    expect(await output('alice', `cp /proc/self/mountinfo before; orlop ${writeAndRead}`)).to.equal(
      `1\n${own}\n300000\n`,
    );
    await output('alice', 'cmp before /proc/self/mountinfo');
    expect(await output('alice', 'cat .local/share/orlop/volumes/data/_data/f')).to.equal('hi\n');
    // The newcomer's first command, which takes no image.
    const first = `orlop run --rm -v /test host sh -c 'echo hi > /test/f; cat /test/f'`;
    expect(await output('alice', first)).to.equal('hi\n');
  });

  it('executes commands in a running container, with the range of IDs of its user', async () => {
    const script = `orlop run --name web busybox sleep 1000 & application=$!
      until orlop exec web true 2>/dev/null; do kill -0 $application; sleep 1; done
      orlop exec -u 1:2 web sh -c 'id -u; id -g; grep -c . /proc/self/uid_map; cat /proc/1/comm'
      orlop stop -t 0 web; wait $application || echo $?; orlop rm web`;
    expect(await output('alice', script)).to.equal('1\n2\n2\nsleep\nweb\n137\nweb\n');
  });

  it('runs it with one ID where there is no newuidmap, and doctor says so', async () => {
    await whileRoot('mv /usr/bin/newuidmap /usr/bin/away', 'mv /usr/bin/away /usr/bin/newuidmap', async () => {
      // A store of a range is not one of one ID.
      const other = `export ORLOP_ROOT=$HOME/other; orlop import -q ${guest.archive} busybox`;
      const lines = (await output('alice', `${other}; orlop ${writeAndRead}`)).split('\n');
      expect(lines.slice(-3)).to.deep.equal(['1', `${own}`, '']);
      expect(await output('alice', 'orlop doctor')).to.match(/^warn +user .*one ID.*\n.*uidmap/m);
    });
  });

  it('names the limit of user namespaces that forbids it', async () => {
    const limit = (value: string) => `echo ${value} > /proc/sys/user/max_user_namespaces`;
    const before = await output('root', 'cat /proc/sys/user/max_user_namespaces');
    await whileRoot(limit('0'), limit(before.trim()), async () => {
      const { status, stderr } = await guest.run('alice', `orlop ${writeAndRead}`);
      expect(status).to.equal(125);
      expect(stderr).to.match(/user namespace.*ENOSPC.*unshare\nhint: .*user\.max_user_namespaces is 0/);
      const doctor = await guest.run('alice', 'orlop doctor');
      expect(doctor.status).to.equal(1);
      expect(doctor.stdout).to.match(/^fail +user .*ENOSPC.*\n.*user\.max_user_namespaces/m);
    });
  });

  it('finds what a cgroup delegates to the user', async () => {
    const root = '/sys/fs/cgroup';
    const delegate = `echo '+memory +pids' > ${root}/cgroup.subtree_control; mkdir ${root}/alice; cd ${root}/alice
      chown alice . cgroup.procs cgroup.subtree_control; echo $$ > cgroup.procs`;
    const asAlice = 'setpriv --reuid alice --regid alice --init-groups --reset-env';
    const doctor = await output('root', `${delegate}; ${asAlice} ${process.execPath} -- ${guest.orlop} doctor`);
    expect(doctor).to.match(/^ok +cgroup +v2, limits of memory, pids$/m);
    expect(doctor).to.match(/^ok +isolation .*not .*cgroups$/m);
    expect(await output('alice', 'orlop doctor')).to.match(
      /^warn +cgroup +v2, not delegated: no limits, because no systemd .*\n *hint: .*loginctl/m,
    );
  });

  // Debian's kernel has no `kernel.apparmor_restrict_unprivileged_userns`, by which Ubuntu refuses programs without a
  // profile. A profile of Node stands for it, under which programs that have one of their own get that. Unlike a program without one,
  // Node has to be allowed the paths of detached mounts.
  describe('where AppArmor forbids user namespaces', () => {
    const ofNode = (rules: string) => `cat > /run/node <<END
abi <abi/4.0>,
profile node ${process.execPath} flags=(attach_disconnected) {
  /** rwkml,
  /** pix,
  network, signal, ptrace, unix, mqueue, mount, umount, pivot_root, ${rules}
}
END
apparmor_parser -r /run/node`;
    const withoutNamespace = ofNode('capability,');
    const withoutCapabilities = ofNode('userns,');
    const launcher = '/usr/local/libexec/orlop/orlop-launcher';
    after(async () =>
      output(
        'root',
        `apparmor_parser -R /run/node; apparmor_parser -R /etc/apparmor.d/orlop-launcher; apparmor_parser -R /etc/apparmor.d/orlop-default`,
      ),
    );

    for (const [what, profile, error] of [
      ['that are refused', withoutNamespace, 'EACCES.*unshare'],
      ['that get no capabilities', withoutCapabilities, 'EACCES.*/proc/self/setgroups'],
    ] as const) {
      it(`says who forbids user namespaces ${what}, and names the remedy`, async () => {
        await output('root', profile);
        const why = `${error}.*\\n.*hint: AppArmor's profile 'node' .*orlop doctor --fix`;
        const { status, stderr } = await guest.run('alice', `orlop ${writeAndRead}`);
        expect(status).to.equal(125);
        expect(stderr).to.match(new RegExp(why));
        const doctor = await guest.run('alice', 'orlop doctor');
        expect(doctor.stdout).to.match(new RegExp(`^fail +user .*${why}`, 'm'));
      });
    }

    it('is fixed by one command of root, which the user is told', async () => {
      const told = await guest.run('alice', 'orlop doctor --fix');
      expect(told.status).to.equal(1);
      const [, sudo = ''] = /^as root: sudo (.*)$/m.exec(told.stdout) ?? [];
      const command = sudo.replace(process.execPath, '/run/node-of-root');
      // Node of root has no profile, as on Ubuntu: none attaches to this path.
      await output('root', `touch /run/node-of-root; mount --bind ${process.execPath} /run/node-of-root`);
      const plan = told.stdout.replace(/^as root: .*\n/m, '');
      const done = await output(
        'root',
        `${command}; stat -c '%u %g %a' ${launcher}; grep orlop-launcher /sys/kernel/security/apparmor/profiles`,
      );
      expect(done.startsWith(plan), done).to.equal(true);
      expect(done).to.match(/\n0 0 755\norlop-launcher \(unconfined\)\n$/);
      for (const profile of [withoutNamespace, withoutCapabilities]) {
        await output('root', profile);
        expect(await output('alice', `orlop ${writeAndRead}`)).to.match(/^\d\n61001\n300000\n$/);
      }
      // orlop-archive enters the namespace of orlop-launcher, and makes none.
      await output('root', withoutNamespace);
      await output('alice', `orlop import -q ${guest.archive} again; orlop run --rm again test -s /etc/passwd`);
      expect(await output('alice', 'orlop doctor')).to.match(/^ok +orlop-launcher .*libexec/m);
      expect(await output('root', command)).to.equal('nothing is left to fix\n');
    });
  });
});
