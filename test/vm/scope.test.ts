import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Guest, type GuestUser } from '../support/guest.ts';
import { requires } from '../support/require.ts';

describe('limits for a user in a scope of systemd, on another kernel', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'systemd', 'addon', 'archive', 'helper', 'cli', 'busybox');
  const root = '/sys/fs/cgroup';
  const manager = 'user.slice/user-61001.slice/user@61001.service';
  const slice = `${manager}/app.slice`;
  const memory = `${64 << 20}\n`;
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot({ pid1: 'systemd' });
    await output('alice', `orlop import -q ${guest.archive} busybox`);
    await output('root', 'systemctl start user@61001.service');
  });
  after(() => guest?.end());

  async function output(user: GuestUser, script: string): Promise<string> {
    const { status, stdout, stderr } = await guest.run(user, script);
    expect(status, `${script}\n${stderr}`).to.equal(0);
    return stdout;
  }

  /** Waits in the guest until a condition of sh(1) holds. */
  const until = (condition: string) => `for i in $(seq 300); do ${condition} && break; sleep 0.1; done; ${condition}`;
  const gone = until(`! ls -d ${root}/${slice}/orlop-*.scope 2>/dev/null`);

  it('are announced by doctor', async () => {
    const text = await output('alice', 'cat /proc/self/cgroup; orlop doctor');
    // Not where the user could make cgroups anyway.
    expect(text).to.match(/^0::\/system\.slice\/guest\.service\n/);
    expect(text).to.match(/^ok +cgroup +v2, limits of memory, cpu, pids in a scope of systemd$/m);
  });

  it('take a scope, which is gone after the command', async () => {
    const look = `sh -c 'cd /cg/${slice}/orlop-*.scope/orlop/orlop-*; cat memory.max pids.max /sys/fs/cgroup/memory.max'`;
    const seen = await output('alice', `orlop run --rm --memory 64m -v ${root}:/cg busybox ${look}`);
    expect(seen).to.equal(`${memory}2048\n${memory}`);
    await output('root', gone);
  });

  it('end what takes more, and say which limit it was', async () => {
    const bomb = '--memory 64m --memory-swap 64m busybox dd if=/dev/zero of=/dev/null bs=200M';
    const { status, stderr } = await guest.run('alice', `orlop run --rm --report report ${bomb}`);
    expect(status, stderr).to.equal(137);
    expect(JSON.parse(await output('alice', 'cat report'))).to.include({ limit: 'memory', oomKilled: true });
    await output('root', gone);
  });

  it('take one scope for all containers of a program, and none before a limit was asked for', async () => {
    const look = `for one in /cg/orlop-*.scope/orlop/orlop-*; do
      if grep -q 'populated 1' $one/cgroup.events; then cat $one/memory.max $one/pids.max; fi; done 2>/dev/null || :`;
    const program = `
      import { existsSync, readdirSync, readFileSync } from 'node:fs';
      import { Orlop } from 'orlop';
      const slice = '${root}/${slice}';
      const scopes = () => existsSync(slice) ? readdirSync(slice).filter((name) => name.startsWith('orlop-')) : [];
      const orlop = await Orlop.open();
      const found = [];
      for (const limits of [{}, { memory: '64m' }, { memory: '32m', pids: 9 }, {}]) {
        const options = { limits, volumes: ['${root}/${manager}/app.slice:/cg'] };
        const { stdout } = await orlop.run('busybox', ['sh', '-c', ${JSON.stringify(look)}], options);
        found.push({ stdout, scopes: scopes() });
      }
      const [scope] = scopes();
      const pid = readFileSync(slice + '/' + scope + '/program/cgroup.procs', 'utf8').trim();
      const launcher = readFileSync('/proc/' + pid + '/comm', 'utf8');
      const bound = readFileSync(slice + '/' + scope + '/pids.max', 'utf8');
      const own = readFileSync('/proc/self/cgroup', 'utf8');
      await orlop.close();
      console.log(JSON.stringify({ found, launcher, own, scope, pid, bound }));`;
    // The package is found from the directory of the program.
    const app = join(dirname(guest.orlop), '../../../..');
    const text = await output('alice', `cd ${app}; node --input-type=module - <<'END'\n${program}\nEND`);
    const { found, launcher, own, scope, pid, bound } = JSON.parse(text);
    expect(launcher).to.equal('orlop-launcher\n');
    expect(own).to.equal('0::/system.slice/guest.service\n');
    expect(bound).to.equal('max\n');
    expect(scope).to.equal(`orlop-${pid}.scope`);
    expect(found).to.deep.equal([
      { stdout: '', scopes: [] },
      { stdout: `${memory}2048\n`, scopes: [scope] },
      { stdout: `${32 << 20}\n9\n`, scopes: [scope] },
      // The default limit of processes holds where it can.
      { stdout: 'max\n2048\n', scopes: [scope] },
    ]);
    await output('root', gone);
  });

  it('leave no scope when the program is killed', async () => {
    const there = until(`grep -q 'populated 1' ${root}/${slice}/orlop-*.scope/orlop/orlop-*/cgroup.events 2>/dev/null`);
    await output(
      'alice',
      `node -- ${guest.orlop} run --memory 64m busybox sleep 1000 > /dev/null 2>&1 &
       ${there}; kill -9 $!; wait $! || [ $? = 137 ]`,
    );
    await output('root', gone);
  });

  it('are refused with a sentence where systemd does not answer, or cannot be asked', async () => {
    const run = 'orlop run --rm --memory 64m busybox true';
    const refused = `${run} || echo $?`;
    const pid = `$(cat ${root}/${manager}/init.scope/cgroup.procs)`;
    const stopped = `kill -STOP ${pid}; setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice \
      node -- ${guest.orlop}${run.slice(5)} 2>&1 || echo $?; kill -CONT ${pid}`;
    const silent = await output('root', stopped);
    expect(silent).to.match(
      /^orlop: the limit of memory cannot be held: .*'memory'.*, and systemd gave no scope: .*timed out\nhint: .*\n125\n$/,
    );
    await output('root', 'mv /usr/bin/busctl /usr/bin/busctl.not');
    const missing = await guest.run('alice', `(${refused}) 2>&1`);
    await output('root', 'mv /usr/bin/busctl.not /usr/bin/busctl');
    expect(missing.stdout).to.match(
      /'memory'.*, and systemd could not be asked for a scope: .*busctl.*ENOENT\n.*\n125\n$/,
    );
  });

  it('are refused by a controller that the systemd of the user lacks, until root delegates it', async () => {
    const run = `orlop run --rm --cpuset-cpus 1 busybox cat /sys/fs/cgroup/cpuset.cpus`;
    const { status, stderr } = await guest.run('alice', run);
    expect(status).to.equal(125);
    const [, lines = '', file = ''] = /write '\[Service\]' and '(\S+=.*)' into (\S+),/.exec(stderr) ?? [];
    expect(stderr).to.match(
      /^orlop: the choice of processors cannot be held: .*'cpuset'.* is not delegated to the syst/,
    );
    expect(lines).to.equal('Delegate=memory cpu pids cpuset');
    await output(
      'root',
      `mkdir -p ${dirname(file)}; printf '[Service]\n${lines}\n' > ${file}
       systemctl daemon-reload; systemctl restart user@61001.service`,
    );
    expect(await output('alice', run)).to.equal('1\n');
    await output('root', gone);
  });
});
