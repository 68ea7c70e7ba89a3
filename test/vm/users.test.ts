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
});
