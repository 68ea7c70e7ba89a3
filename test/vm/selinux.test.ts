import { expect } from 'chai';
import { Guest } from '../support/guest.ts';
import { requires } from '../support/require.ts';

// There is no policy to be had here: labels are refused where SELinux is on, by another sentence than where it is off.
describe('labels of SELinux, where it is on', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'addon', 'archive', 'helper', 'cli', 'busybox');
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot({ security: 'selinux' });
  });
  after(() => guest?.end());

  it('are refused, in options and on volumes, and nothing is made', async () => {
    const { stdout } = await guest.run('root', 'grep selinuxfs /proc/filesystems; cat /sys/kernel/security/lsm');
    expect(stdout).to.match(/^nodev\tselinuxfs\n.*selinux/);
    for (const user of ['root', 'alice'] as const) {
      const orlop = 'export ORLOP_ROOT=/run/store-$(id -u)\norlop';
      for (const options of ['--security-opt label=type:container_t', '-v data:/test:z', '-v /srv:/test:ro,Z']) {
        const { status, stderr } = await guest.run(user, `${orlop} run --rm ${options} host true`);
        expect(status, options).to.equal(125);
        expect(stderr).to.match(/labels of SELinux come with a later version\nhint: until then: leave it out/);
      }
    }
    expect((await guest.run('root', 'ls /run/store-0')).status).to.not.equal(0);
  });

  it('are none with label=disable: a container has that of its caller', async () => {
    const script = `export ORLOP_ROOT=/run/store
      orlop import -q ${guest.archive} busybox > /dev/null
      orlop run --rm --security-opt label=disable busybox cat /proc/self/attr/current; cat /proc/self/attr/current`;
    const { status, stdout, stderr } = await guest.run('root', script);
    expect(status, stderr).to.equal(0);
    const [inside, outside] = stdout.split('\0').map((one) => one.trim());
    expect(inside).to.equal(outside);
    expect(inside).to.not.equal('');
  });
});
