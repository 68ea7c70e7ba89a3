import { expect } from 'chai';
import { Guest, type GuestUser } from '../support/guest.ts';
import { requires } from '../support/require.ts';

describe('the filter of devices, on another kernel with cgroup v2', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'addon', 'archive', 'helper', 'cli', 'busybox');
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot();
    await output('root', `orlop import -q ${guest.archive} busybox`);
    await guest.load('loop');
    await output('root', 'mknod /run/control c 10 237');
    await output('alice', `orlop import -q ${guest.archive} busybox`);
  });
  after(() => guest?.end());

  /** The guest's `/var/lib` is on an overlay, which cannot be the upper layer of another. */
  async function output(user: GuestUser, script: string): Promise<string> {
    const all = user === 'root' ? `export ORLOP_ROOT=/run/store\n${script}` : script;
    const { status, stdout, stderr } = await guest.run(user, all);
    expect(status, `${script}\n${stderr}`).to.equal(0);
    return stdout;
  }

  // loop-control, which root may open without a capability.
  const made = `sh -c 'mknod /dev/made c 10 237; (exec 3</dev/made) 2>&1 && echo opened'`;
  const makes = 'orlop run --rm --cap-add MKNOD --security-opt seccomp=unconfined';

  it('holds for root, and lets through what is asked for', async () => {
    expect(await output('root', `${makes} busybox ${made} || :`)).to.match(/made: Operation not permitted\n$/);
    expect(await output('root', `${makes} --device-cgroup-rule 'c 10:237 r' busybox ${made}`)).to.equal('opened\n');
    const given = `sh -c 'stat -c %t:%T /dev/k; (exec 3</dev/k) && echo opened; (exec 3>/dev/k) 2>&1 || :'`;
    expect(await output('root', `orlop run --rm --device /run/control:/dev/k:r busybox ${given}`)).to.match(
      /^a:ed\nopened\n.*k: Operation not permitted\n$/,
    );
    expect(await output('root', `orlop run --rm --privileged busybox ${made}`)).to.equal('opened\n');
    expect(await output('root', 'orlop doctor | grep "^[a-z]* *devices"')).to.contain('by a program of cgroup v2');
    expect(await output('root', 'ls /sys/fs/cgroup')).not.to.match(/^orlop$/m);
  });

  it('shows a writable cgroup to a privileged container with limits', async () => {
    await output('root', `echo '+memory +pids' > /sys/fs/cgroup/cgroup.subtree_control`);
    const script = `sh -c 'mkdir /sys/fs/cgroup/x && echo made'`;
    expect(await output('root', `orlop run --rm --privileged --memory 64m busybox ${script}`)).to.equal('made\n');
  });

  it('is none for a user, who is told so, and gets what the user can open', async () => {
    const { status, stderr } = await guest.run('alice', `orlop run --rm --device-cgroup-rule 'c 1:11 r' busybox true`);
    expect(status).to.equal(125);
    expect(stderr).to.contain('the rules for devices cannot be held: a filter of devices takes root');
    const shown = `sh -c 'head -c 2 /dev/z | wc -c'`;
    expect(await output('alice', `orlop run --rm --device /dev/zero:/dev/z busybox ${shown}`)).to.equal('2\n');
    const refused = await guest.run('alice', 'orlop run --rm --device /dev/mem busybox true');
    expect(refused.stderr).to.match(/^orlop: cannot give the device '\/dev\/mem': /);
  });
});
