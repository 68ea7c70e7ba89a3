import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LaunchError } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

const paths = ['net/core/somaxconn', 'kernel/msgmax', 'fs/mqueue/msg_max'] as const;
const sysctls = { 'net.core.somaxconn': '777', 'kernel.msgmax': '9999', 'fs.mqueue.msg_max': '20' };
const values = '777\n9999\n20\n';

describe('kernel parameters of a container', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const read = ['cat', ...paths.map((path) => `/proc/sys/${path}`)];
  const ofHost = () => paths.map((path) => readFileSync(`/proc/sys/${path}`, 'utf8'));

  it('are its own, in the first start of a program, in later ones, and in a pool', async () => {
    const { orlop } = fixture();
    const before = ofHost();
    for (let run = 0; run < 4; run++) {
      expect((await orlop.run('busybox', read, { sysctls })).stdout, `run ${run}`).to.equal(values);
    }
    await using pool = await orlop.pool('busybox', { size: 1, sysctls });
    expect((await pool.run(read)).stdout).to.equal(values);
    expect(ofHost()).to.deep.equal(before);
    // A container without them has the kernel's.
    expect((await orlop.run('busybox', read)).stdout).not.to.equal(values);
  });

  it('are kept for a container that is started again, and shown', async () => {
    const { orlop } = fixture();
    const container = await orlop.create('busybox', read, { sysctls });
    for (let start = 0; start < 2; start++) {
      const running = await container.start({ stdout: 'pipe', stderr: 'ignore' });
      let text = '';
      for await (const chunk of running.stdout ?? []) text += chunk;
      await running.exited;
      expect(text).to.equal(values);
    }
    expect((await container.inspect()).HostConfig.Sysctls).to.deep.equal(sysctls);
    await container.remove();
  });

  it('are refused with the name, where the kernel has none, or takes no such value', async () => {
    const failure = async (sysctl: string) => {
      const error = await fixture()
        .orlop.run('busybox', ['true'], { sysctls: [sysctl] })
        .catch((thrown: unknown) => thrown);
      if (error instanceof LaunchError) return error;
      throw new Error('expected a LaunchError', { cause: error });
    };
    const missing = await failure('net.core.nothing=1');
    expect(missing.message).to.contain('net.core.nothing');
    expect(missing.hint).to.match(/no setting/);
    const bad = await failure('net.core.somaxconn=many');
    expect(bad.message).to.contain('net.core.somaxconn');
    expect(bad.hint).to.match(/no such value/);
    expect((await failure('net.core.somaxconn=77 88')).hint).to.match(/no such value/);
    expect((await failure('net.core=1')).hint).to.match(/a directory/);
  });
});

describe('the OOM score of a container', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const own = () => readFileSync('/proc/self/oom_score_adj', 'utf8').trim();

  it("is its own: the program's stays, in a pool too", async () => {
    const { orlop } = fixture();
    const before = own();
    const read = ['cat', '/proc/self/oom_score_adj'];
    for (let run = 0; run < 3; run++) {
      expect((await orlop.run('busybox', read, { oomScoreAdj: 900 })).stdout).to.equal('900\n');
      expect((await orlop.run('busybox', read)).stdout.trim()).to.equal(before);
    }
    await using pool = await orlop.pool('busybox', { size: 1, oomScoreAdj: '800' });
    expect((await pool.run(read)).stdout).to.equal('800\n');
    expect(own()).to.equal(before);
  });
});

describe('a default kernel parameter', function () {
  this.timeout(60_000);
  // The groups of the range have to be mapped.
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('may be replaced by a request', async () => {
    const { orlop } = fixture();
    const name = 'net.ipv4.ping_group_range';
    const range = async (options: object) => {
      const { stdout } = await orlop.run('busybox', ['cat', '/proc/sys/net/ipv4/ping_group_range'], options);
      return stdout.trim().split(/\s+/).join(' ');
    };
    for (let run = 0; run < 3; run++) {
      expect(await range({ sysctls: [`${name}=1 0`] })).to.equal('1 0');
      expect(await range({})).to.equal('0 0');
    }
  });
});

describe('masked paths of the system', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** Bytes of two files of /proc, and the mounts below it that are read-only. */
  async function look(securityOpt: readonly string[]) {
    const script =
      'wc -c < /proc/interrupts; wc -c < /proc/version; grep -c " /proc/[^ ]* .* ro,\\| /proc/sys .*ro" /proc/mounts';
    const { stdout } = await fixture().orlop.run('busybox', ['sh', '-c', script], { securityOpt });
    const [interrupts, version, readonly] = stdout.trim().split('\n').map(Number);
    return { interrupts, version, readonly };
  }

  it('are hidden, and more of them where that is asked for', async () => {
    const usual = await look([]);
    expect(usual).to.include({ interrupts: 0 });
    expect(usual.version).to.be.above(0);
    expect(usual.readonly).to.be.above(3);
    expect(await look(['mask=/proc/version'])).to.include({ interrupts: 0, version: 0 });
  });

  it('are shown where that is asked for, by name, by a pattern, or all', async () => {
    for (const option of ['unmask=/proc/interrupts', 'unmask=/sys/x:/proc/inter*', 'unmask=ALL']) {
      expect((await look([option])).interrupts, option).to.be.above(0);
    }
    expect((await look(['unmask=/proc/interrupt'])).interrupts).to.equal(0);
    expect((await look(['systempaths=unconfined'])).readonly).to.equal(0);
  });
});
