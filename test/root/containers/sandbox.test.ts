import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { RequestError, RunError, type SandboxOptions } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { otherUser, requires, requiresIn } from '../../support/require.ts';

const isRoot = process.getuid?.() === 0;

/** As an ordinary user, where no control groups may be delegated, and on kernels that show no other owners. */
const without: Pick<SandboxOptions, 'limits' | 'userns'> = {
  ...(isRoot ? {} : { limits: null }),
  ...(process.env.ORLOP_FEATURES === '0' ? { userns: 'host' } : {}),
};

describe('a sandbox', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  if (isRoot) requires('limits');
  const fixture = withOrlop();
  const sh = (script: string, options: SandboxOptions = {}) =>
    fixture().orlop.sandbox('busybox', ['sh', '-c', script], { ...without, ...options });

  it('has another user than root where there is one, and no capabilities', async () => {
    const { stdout, error } = await sh('id -u; id -g; grep ^Cap /proc/self/status; grep ^NoNewPrivs /proc/self/status');
    expect(error).to.equal(null);
    const none = ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((name) => `Cap${name}:\t${'0'.repeat(16)}\n`).join('');
    const user = otherUser();
    expect(stdout).to.equal(`${user}\n${user}\n${none}NoNewPrivs:\t1\n`);
  });

  it('writes into a directory in memory of a bounded size, and to nothing else of the image', async () => {
    const { stdout, stderr } = await sh(
      'pwd; touch /x; touch /etc/hosts; echo "echo run" > run; chmod +x run; ./run; stat -c %a .;' +
        'dd if=/dev/zero of=fill bs=1M 2>/dev/null || wc -c < fill',
    );
    expect(stdout).to.equal(`/tmp\nrun\n1777\n${(64 << 20) - 4096}\n`);
    expect(stderr.match(/Read-only file system/g)).to.have.length(2);
  });

  it('bounds the number of files', async () => {
    const { stdout } = await sh('seq 20000 | xargs touch 2>/dev/null; ls | wc -l', { timeout: 60_000 });
    expect(Number(stdout)).to.be.within(16_000, 16_384);
  });

  it('has no network, and a user namespace', async () => {
    const { stdout } = await sh('ls /sys/class/net; readlink /proc/self/ns/user');
    const own = execFileSync('readlink', ['/proc/self/ns/user'], { encoding: 'utf8' });
    const [net, user] = stdout.trim().split('\n');
    expect(net).to.equal('lo');
    if (process.env.ORLOP_FEATURES !== '0') expect(user).not.to.equal(own.trim());
  });

  it('ends what takes too long or writes too much, with an outcome', async () => {
    const late = await sh('trap "" TERM; echo begun; while :; do sleep 1; done', { timeout: 1000 });
    expect(late).to.include({ exitCode: 137, stdout: 'begun\n', timedOut: true, limit: 'wallTime' });
    const flood = await sh('yes');
    expect(flood).to.include({ exitCode: 137, limit: 'output' });
    expect(flood.stdout).to.have.length(1 << 20);
    expect(flood.error).to.be.instanceOf(RunError);
  });

  it('gives an outcome for what cannot be', async () => {
    const wrong = await sh('true', { limits: { memory: '1k' } });
    expect(wrong).to.include({ exitCode: 125, usage: null });
    expect(wrong.error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_INPUT');
    const missing = await fixture().orlop.sandbox('busybox', ['/missing'], without);
    expect(missing).to.include({ exitCode: 127 });
  });

  it('takes the options of a run', async () => {
    const { orlop } = fixture();
    const options = { ...without, input: 'four', env: { A: 'b' }, workdir: '/', readOnly: false } as const;
    const { stdout } = await orlop.sandbox('busybox', ['sh', '-c', 'cat; echo $A; pwd'], {
      ...options,
      encoding: 'buffer',
    });
    expect(stdout).to.deep.equal(Buffer.from('fourb\n/\n'));
  });

  if (!isRoot) {
    it('refuses limits that cannot be held, instead of leaving them out', async () => {
      const { error } = await fixture().orlop.sandbox('busybox', ['true']);
      // Where control groups are delegated to the user, they hold.
      if (error !== null) expect(error).to.have.property('code', 'ORLOP_E_LIMIT');
    });
  }

  it('holds its limits', async function () {
    requiresIn(this, 'root');
    const bomb = await sh('dd if=/dev/zero of=/dev/null bs=400M');
    expect(bomb).to.include({ exitCode: 137, oomKilled: true, limit: 'memory' });
    const forks = await sh('b() { b | b & b; }; b', { timeout: 2000 });
    expect(forks.usage?.pidsPeak).to.equal(64);
    const busy = await sh('(while :; do :; done) & while :; do :; done', { timeout: 2000, limits: { cpus: 0.5 } });
    expect((busy.usage?.userMs ?? 0) + (busy.usage?.systemMs ?? 0)).to.be.within(1, 1600);
  });
});
