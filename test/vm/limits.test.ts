import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Guest, type GuestUser } from '../support/guest.ts';
import { requires } from '../support/require.ts';

describe('limits and ends by cgroup v2, on another kernel', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'addon', 'archive', 'helper', 'cli', 'busybox');
  const root = '/sys/fs/cgroup';
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot();
    await output('root', `orlop import -q ${guest.archive} busybox`);
    await output('alice', `orlop import -q ${guest.archive} busybox`);
  });
  after(() => guest?.end());
  beforeEach(() => output('root', `echo '+cpu +cpuset +memory +pids' > ${root}/cgroup.subtree_control`));
  // A delegated cgroup that stays would keep a controller that the next test takes away.
  afterEach(() => output('root', `find ${root} -mindepth 1 -depth -type d -exec rmdir {} +`));

  /** The guest's `/var/lib` is on an overlay, which cannot be the upper layer of another. */
  function run(user: GuestUser, script: string): ReturnType<Guest['run']> {
    return guest.run(user, user === 'root' ? `export ORLOP_ROOT=/run/store\n${script}` : script);
  }

  async function output(user: GuestUser, script: string): Promise<string> {
    const { status, stdout, stderr } = await run(user, script);
    expect(status, `${script}\n${stderr}`).to.equal(0);
    return stdout;
  }

  /** Executes a script as alice in a new cgroup that is delegated to her. */
  async function delegated(unit: string, script: string): Promise<{ status: number; stdout: string; stderr: string }> {
    const files = '. cgroup.procs cgroup.subtree_control cgroup.threads';
    const asAlice = `setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice PATH=$PATH sh -ec`;
    const text = `cd; orlop() { node -- ${guest.orlop} "$@"; }; ${script}`;
    return guest.run(
      'root',
      `mkdir ${root}/${unit}; cd ${root}/${unit}
       chown alice ${files}; echo $$ > cgroup.procs; ${asAlice} ${JSON.stringify(text).replaceAll('$', '\\$')}`,
    );
  }

  // What an application sees that adapts to its limits: its own cgroup alone, which it cannot change.
  const look = `sh -c 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max; ls -d /sys/fs/cgroup/*/; mkdir /sys/fs/cgroup/x' 2>/dev/null || :`;
  const seen = `0::/\n${64 << 20}\n`;

  /** Makes short runs by the library, and gives the errors of those that fail. */
  function shortRuns(root: string): Promise<string> {
    const file = '/run/short-runs.mjs';
    const library = join(dirname(dirname(guest.orlop)), 'index.js');
    const text = `import { Orlop } from '${library}';
      const orlop = await Orlop.open({ root: '${root}' });
      for (let i = 0; i < 20; i++) {
        const own = i % 2 === 0 ? { name: 'short' + i } : { volumes: ['/v'] };
        await orlop.run('busybox', ['true'], { ...own, limits: { disk: '2m' } }).catch(console.log);
      }
      await orlop.close();`;
    return output('root', `cat > ${file} <<'EOF'\n${text}\nEOF\nnode ${file}`);
  }

  const bomb = `--memory 64m --memory-swap 64m busybox dd if=/dev/zero of=/dev/null bs=200M`;

  it('hold for root, whose container is at the top', async () => {
    const { status } = await run('root', `orlop run --rm ${bomb}`);
    expect(status).to.equal(137);
    const forks = `orlop run --rm --pids-limit 3 busybox sh -c 'sleep 1 & sleep 1 & sleep 1 & wait' 2>&1 || :`;
    expect(await output('root', forks)).to.contain("can't fork");
    const shown = `orlop run --rm --cpus 0.5 --cpu-shares 512 --cpuset-cpus 1 --memory 64m -v ${root}:/cg busybox
      sh -c 'cd /cg/orlop/*/; cat pids.max cpu.max cpu.weight cpuset.cpus memory.max memory.oom.group'`;
    const values = await output('root', shown.replace('\n', ' '));
    expect(await output('root', `orlop run --rm --memory 64m busybox ${look}`)).to.equal(seen);
    expect(await output('root', `orlop run --rm --network host --memory 64m busybox ${look}`)).to.equal(seen);
    expect(values).to.equal(`2048\n50000 100000\n20\n1\n${64 << 20}\n1\n`);
    expect((await output('root', `ls ${root}`)).split('\n')).to.not.contain('orlop');
  });

  /** A container in the background, whose limits hold for what is executed in it: it is killed with all of it. */
  const executed = [
    'orlop run --rm --name web --memory 64m --memory-swap 64m busybox sleep 1000 & application=$!',
    'until orlop exec web true 2>/dev/null; do kill -0 $application; sleep 1; done',
    `orlop exec web sh -c 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max'`,
    'orlop exec web dd if=/dev/zero of=/dev/null bs=200M 2>/dev/null || echo $?; wait $application || echo $?',
  ].join('; ');

  it('hold for a command that is executed in a running container, of root and of a user', async () => {
    expect(await output('root', executed)).to.equal(`${seen}137\n137\n`);
    const own = await delegated('eight', executed);
    expect(own.stdout, own.stderr).to.equal(`${seen}137\n137\n`);
  });

  it('are refused for a user to whom nothing is delegated, with what to do', async () => {
    const { status, stderr } = await guest.run('alice', `orlop run --rm ${bomb}`);
    expect(status).to.equal(125);
    expect(stderr).to.match(
      /^orlop: the limit of memory cannot be held: .*'memory'.*not delegated.*, and no systemd .*\nhint: .*loginctl/,
    );
    expect(await output('alice', 'orlop run --rm busybox echo hi')).to.equal('hi\n');
  });

  it('hold for a user in a cgroup that was delegated, whose program moves out of the way', async () => {
    const { status, stderr } = await delegated('one', `orlop run --rm ${bomb}`);
    expect(status, stderr).to.equal(137);
    const shown = await delegated(
      'two',
      `orlop run --rm --memory 64m --pids-limit 9 -v ${root}:/cg busybox sh -c 'cd /cg/two/orlop/*/; cat pids.max memory.max'`,
    );
    expect(shown.stdout, shown.stderr).to.equal(`9\n${64 << 20}\n`);
    const own = await delegated('four', `orlop run --rm --memory 64m busybox ${look}`);
    expect(own.stdout, own.stderr).to.equal(seen);
    expect(await output('root', `cd ${root}/two; find . -mindepth 1 -type d`)).to.equal('./program\n');
  });

  // What is left of a container of --pid host: a process that left its session, one that is stopped, an orphan.
  const left = '(setsid sleep 54321 &); sleep 54321 & kill -STOP $!';
  // The stopped one may be, before it has executed its command.
  const started = 'until grep -q ready out && test $(pgrep -xc sleep) -ge 2; do sleep 0.1; done; echo runs';
  const none = 'for i in $(seq 600); do pgrep -x sleep > /dev/null || break; sleep 0.1; done; ! pgrep -ax sleep';

  it('end a container in the PID namespace of the host with its application, and with its program', async () => {
    const own = `orlop run --rm --pid host busybox sh -c '${left}; readlink /proc/self/ns/pid; cat /proc/self/cgroup'`;
    const seen = await output('root', `${own}; ! pgrep -ax sleep; readlink /proc/self/ns/pid`);
    const [inside, group, outside] = seen.trim().split('\n');
    expect({ inside, group }).to.deep.equal({ inside: outside, group: '0::/' });
    const killed = `orlop run --rm --pid host busybox sh -c '${left}; echo ready; sleep 54321' > out & program=$!; ${started}
      kill -9 $(pgrep -P $program -x node || echo $program); ${none}; orlop ps -aq; orlop run --rm busybox true`;
    expect(await output('root', killed)).to.equal('runs\n');
    expect((await output('root', `ls ${root}`)).split('\n')).to.not.contain('orlop');
  });

  it('show a container its control group as the top, or those of the host', async () => {
    const look = `sh -c 'cat /proc/self/cgroup; ls -d /sys/fs/cgroup/orlop'`;
    expect(await output('root', `orlop run --rm busybox ${look} 2>/dev/null || :`)).to.equal('0::/\n');
    const seen = await output('root', `orlop run --rm --cgroupns host busybox ${look}`);
    expect(seen).to.match(/^0::\/orlop\/orlop-[\d-]+\n\/sys\/fs\/cgroup\/orlop\n$/);
  });

  it('end such a container of a user to whom a cgroup was delegated, and refuse it to others', async () => {
    const refused = await run('alice', 'orlop run --rm --pid host busybox true');
    expect(refused.status).to.equal(125);
    expect(refused.stderr).to.match(
      /^orlop: '--pid host' takes a control group .*not delegated.*\nhint: .*Delegate=yes/,
    );
    const look = `test -d /proc/$PPID/ns && readlink /proc/self/ns/pid; cat /proc/self/cgroup; ${left}`;
    const own = await delegated(
      'five',
      `orlop run --rm --pid host busybox sh -c '${look}'; ! pgrep -ax sleep; readlink /proc/self/ns/pid`,
    );
    const [inside, group, outside] = own.stdout.trim().split('\n');
    expect({ inside, group }, own.stderr).to.deep.equal({ inside: outside, group: '0::/' });
    const killed = await delegated(
      'six',
      `orlop run --rm --pid host busybox sh -c '${left}; echo ready; sleep 54321' > out & program=$!; ${started}; kill -9 $(pgrep -P $program -x node || echo $program); ${none}`,
    );
    expect(killed.stdout, killed.stderr).to.equal('runs\n');
  });

  it('say which controller is missing', async () => {
    await output('root', `echo -cpuset > ${root}/cgroup.subtree_control`);
    const { status, stderr } = await delegated('three', 'orlop run --rm --cpuset-cpus 0 busybox true');
    expect(status).to.equal(125);
    expect(stderr).to.match(/^orlop: the choice of processors cannot be held: .*'cpuset'.*not delegated/);
  });

  for (const { type, make, full } of [
    { type: 'ext4', make: 'mkfs.ext4 -q -O project,quota -E quotatype=prjquota', full: 'Disk quota exceeded' },
    { type: 'xfs', make: 'mkfs.xfs -q', full: 'No space left on device' },
  ]) {
    it(`of the read-write layer hold by quotas of ${type}, for as long as the container is there`, async () => {
      for (const one of type === 'ext4' ? ['loop', 'quota_tree', 'quota_v2'] : ['libcrc32c', 'xfs'])
        await guest.load(one);
      const at = `/run/${type}`;
      const quotas = `xfs_quota -f -x -c 'report -p -n -N -b -i' ${at} | awk '$4 > 0 || $9 > 0'`;
      const onQuotas = (script: string) => output('root', `export ORLOP_ROOT=${at}/store\n${script}`);
      await output(
        'root',
        `mkdir ${at}; truncate -s 400M ${at}.img; ${make} ${at}.img; mount -o loop,prjquota ${at}.img ${at}`,
      );
      const before = await output('root', quotas);
      await onQuotas(`orlop import -q ${guest.archive} busybox`);
      const fill = `sh -c 'dd if=/dev/zero of=/f bs=64k count=99; stat -c %s /f'`;
      expect(await onQuotas('orlop plan --storage-opt size=4m busybox true')).to.contain(
        'limits: project quota 4194304\n',
      );
      await onQuotas(`orlop create --name one --storage-opt size=4m busybox ${fill}`);
      for (const start of ['first', 'second']) {
        const { stdout, stderr } = await run('root', `export ORLOP_ROOT=${at}/store\norlop start -a one`);
        expect(stderr, start).to.contain(full);
        expect(Number(stdout)).to.be.within(3 << 20, 5 << 20);
      }
      expect(await onQuotas('orlop diff one')).to.equal('A /f\n');
      await onQuotas(`orlop commit one changed; orlop run --rm --storage-opt size=1m changed stat -c %s /f`);
      const files = `i=0; while true 2>/dev/null > /d$i; do i=$((i + 1)); done; echo $i`;
      const made = await onQuotas(`orlop run --rm --storage-opt size=1m busybox sh -c '${files}'`);
      expect(Number(made)).to.be.within(400, 512);
      // Root of the machine may take its files out of a project, and root of such a container not.
      const leave = `sh -c 'mkdir /d; chattr -p 0 /d || chattr -P /d || lsattr -pd /d; dd if=/dev/zero of=/d/f bs=64k count=99'`;
      for (const options of ['', '--security-opt seccomp=unconfined', '--cap-add ALL --cap-drop SYS_RESOURCE']) {
        const left = await run(
          'root',
          `export ORLOP_ROOT=${at}/store\norlop run --rm --storage-opt size=2m ${options} host ${leave}`,
        );
        expect(left.status, `${options} ${left.stderr}`).to.equal(1);
        expect(left.stderr, options)
          .to.match(/^chattr: .*\nchattr: /)
          .and.to.contain(full);
      }
      // A container without the limit is not bounded.
      expect(Number(await onQuotas(`orlop run --rm busybox ${fill} 2>/dev/null`))).to.equal(99 << 16);
      expect((await output('root', quotas)).split('\n')).to.have.length(before.split('\n').length + 1);
      // One with that capability may write more to mapped memory of ext4 than a quota allows.
      const more = '--storage-opt size=4m --cap-add SYS_RESOURCE busybox';
      expect(await onQuotas(`orlop run --rm ${more} df -k / | awk '/overlay/ { print $2 }'`)).to.equal('4096\n');
      const refused = await run('root', `export ORLOP_ROOT=${at}/store\norlop create ${more} true`);
      expect(refused.status, refused.stderr).to.equal(125);
      expect(refused.stderr).to.contain('CAP_SYS_RESOURCE overrides quotas');
      // A container that has a name, or a volume, and ends at once.
      expect(await shortRuns(`${at}/store`)).to.equal('');
      await onQuotas(`orlop rm one; id=$(orlop create --storage-opt size=2m busybox true)
        echo '{' > ${at}/store/containers/$id/config.json; orlop rm -f $id`);
      expect(await output('root', quotas)).to.equal(before);
      // The store of somebody whose project has a quota of its own.
      const project = `${quotas.replace(/awk .*$/, 'awk \'$1 == "#42" { print $4 }\'')}`;
      await output(
        'root',
        `mkdir ${at}/mine; chattr +P -p 42 ${at}/mine; xfs_quota -f -x -c 'limit -p bhard=100m 42' ${at}
         export ORLOP_ROOT=${at}/mine/store; orlop import -q ${guest.archive} busybox
         orlop run --rm --storage-opt size=2m busybox true
         ! orlop create --storage-opt size=2m busybox true 2>${at}/error; grep 'in a project of somebody else' ${at}/error`,
      );
      expect(await output('root', project)).to.equal('102400\n');
      await output('root', `umount ${at}`);
    });
  }
});
