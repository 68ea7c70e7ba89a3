import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunOptions } from '../../../ts/index.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';

describe('options of a container', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const run = (script: string, options: RunOptions = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], options);

  it('network host shares the network, its names and servers, and nothing else', async () => {
    const script = 'readlink /proc/self/ns/net; readlink /proc/self/ns/uts; cat /etc/resolv.conf';
    const { stdout } = await run(script, { network: 'host' });
    const [net, uts, ...resolv] = stdout.split('\n');
    expect(net).to.equal(readlinkSync('/proc/self/ns/net'));
    expect(uts).not.to.equal(readlinkSync('/proc/self/ns/uts'));
    expect(resolv.join('\n')).to.equal(readFileSync('/etc/resolv.conf', 'utf8'));
    const hosts = await run('cat /etc/hosts', { network: 'host' });
    expect(hosts.stdout).to.equal(readFileSync('/etc/hosts', 'utf8'));
  });

  it('has the addresses and name servers of the request', async () => {
    const names = { extraHosts: { db: '10.0.0.7' }, dns: ['192.0.2.53'], dnsSearch: ['.'], dnsOptions: ['ndots:2'] };
    const look = 'tail -n 1 /etc/hosts; cat /etc/resolv.conf; ping -c 1 -W 1 db 2>&1 | head -n 1';
    const { stdout } = await run(look, names);
    expect(stdout).to.match(/^10\.0\.0\.7\tdb\nnameserver 192\.0\.2\.53\noptions ndots:2\nPING db \(10\.0\.0\.7\)/);
    const shared = await run('tail -n 1 /etc/hosts; cat /etc/resolv.conf', { ...names, network: 'host' });
    expect(shared.stdout).to.contain('10.0.0.7\tdb\n').and.to.contain('\nnameserver 192.0.2.53\n');
    expect(readFileSync('/etc/hosts', 'utf8')).not.to.contain('10.0.0.7\tdb');
  });

  it('hostname names it, everywhere', async () => {
    const { stdout } = await run('hostname; cat /etc/hostname; echo $HOSTNAME', { hostname: 'deck.example' });
    expect(stdout).to.equal('deck.example\ndeck.example\ndeck.example\n');
  });

  it('hostname is the beginning of the ID by default', async () => {
    const { stdout, container } = await run('hostname');
    expect(stdout).to.equal(`${container.id.slice(0, 12)}\n`);
  });

  it('ulimits are what the application has', async function () {
    requiresIn(this, 'ids');
    const { stdout } = await run('cat /proc/self/limits', {
      ulimits: ['nofile=100:200', 'nproc=300', 'core=0', 'stack=1048576:-1'],
      user: '1000',
    });
    const limit = (name: string) => new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(stdout)?.slice(1);
    expect(limit('Max open files')).to.deep.equal(['100', '200']);
    expect(limit('Max processes')).to.deep.equal(['300', '300']);
    expect(limit('Max core file size')).to.deep.equal(['0', '0']);
    expect(limit('Max stack size')).to.deep.equal(['1048576', 'unlimited']);
  });

  it('a limit of processes holds for a user, and is refused for root, for whom it would not', async function () {
    requiresIn(this, 'ids');
    const ulimits = ['nproc=4'];
    const fork = ['sh', '-c', 'for i in 1 2 3 4 5; do sleep 1000 & done'];
    // A user that no other process of the machine has.
    const held = await fixture().orlop.run('busybox', fork, { ulimits, user: '54321' });
    expect(held.stderr).to.include("can't fork");
    const refused = await refusal(fixture().orlop.run('busybox', fork, { ulimits }));
    expect(refused).to.include({ code: 'ORLOP_E_INPUT', message: `the limit 'nproc=4' does not hold for root` });
    await using pool = await fixture().orlop.pool('busybox', { size: 1, ulimits, user: '54321' });
    expect((await pool.run(fork)).stderr).to.include("can't fork");
    expect((await refusal(pool.run(fork, { user: '0' }))).message).to.equal(refused.message);
  });

  it('fewer open files than the caller has open keep nothing from being started', async () => {
    // More than the 1024 that an application may open by default.
    const open = Array.from({ length: 1100 }, () => openSync('/dev/null', 'r'));
    try {
      const script = 'ulimit -n; ulimit -Hn; pwd';
      const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
      expect((await run(script, { workdir: '/made' })).stdout).to.equal(`1024\n${hard}\n/made\n`);
      const few = { workdir: '/made', ulimits: ['nofile=5:6'] };
      expect((await run(script, few)).stdout).to.equal('5\n6\n/made\n');
      await using pool = await fixture().orlop.pool('busybox', { ...few, size: 1 });
      expect((await pool.run(['sh', '-c', script])).stdout).to.equal('5\n6\n/made\n');
    } finally {
      for (const descriptor of open) closeSync(descriptor);
    }
  });

  it('a tmpfs has the mode of the directory that it covers, unless it says its own', async () => {
    const container = await fixture().orlop.create('busybox', ['sh', '-c', 'chmod 710 /root; mkdir -m 3777 /d']);
    await (await container.start()).exited;
    await container.commit('modes');
    await container.remove();
    const script = 'stat -c %a /root /new /d /dev/shm; touch /root/x && ls -A /root';
    const of = async (tmpfs: string[]) => (await fixture().orlop.run('modes', ['sh', '-c', script], { tmpfs })).stdout;
    const targets = ['/root', '/new', '/d', '/dev/shm'];
    expect(await of(targets)).to.equal('710\n1777\n3777\n1777\nx\n');
    expect(await of(targets.map((target) => `${target}:mode=750`))).to.equal(`${'750\n'.repeat(4)}x\n`);
    await using pool = await fixture().orlop.pool('modes', { size: 1, tmpfs: targets });
    expect((await pool.run(['sh', '-c', script])).stdout).to.equal('710\n1777\n3777\n1777\nx\n');
  });

  it('a tmpfs holds no more files and bytes than its options say', async () => {
    const fill = 'for i in 1 2 3 4 5 6; do touch /few/$i; done; head -c 100000 /dev/zero > /few/1';
    const { stdout } = await run(`${fill}; echo /few/*; stat -c %s /few/1`, { tmpfs: ['/few:nr_inodes=5,size=64k'] });
    // The root directory is one of the five.
    expect(stdout).to.equal('/few/1 /few/2 /few/3 /few/4\n65536\n');
  });

  it('a seccomp profile of the caller’s own replaces the default one', async () => {
    const profile = join(fixture().directory, 'profile.json');
    writeFileSync(
      profile,
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64'],
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
      }),
    );
    const { stdout, stderr } = await run('mkdir /x; touch /y && echo touched; grep Seccomp: /proc/self/status', {
      securityOpt: [`seccomp=${profile}`],
    });
    expect(stderr).to.include('No space left on device');
    expect(stdout).to.equal('touched\nSeccomp:\t2\n');
  });

  it('a seccomp profile that cannot be used is refused, and nothing stays', async () => {
    const before = storeContent(fixture());
    const broken = join(fixture().directory, 'broken.json');
    writeFileSync(broken, '{ "defaultAction": "SCMP_ACT_NO_SUCH" }');
    for (const path of [broken, '/no/such/profile']) {
      expect((await refusal(run('true', { securityOpt: [`seccomp=${path}`] }))).code).to.equal('ORLOP_E_INPUT');
    }
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  describe('entrypoint and command', () => {
    before(async () => {
      const { orlop } = fixture();
      const container = await orlop.create('busybox', ['true']);
      await (await container.start()).exited;
      await container.commit('with-command', { changes: ['CMD ["echo", "of the image"]', 'ENTRYPOINT []'] });
      await container.commit('with-entrypoint', {
        changes: ['ENTRYPOINT ["echo", "entry"]', 'CMD ["of the image"]', 'WORKDIR /data', 'ENV A=image B=image'],
      });
      await container.remove();
    });

    const cases: readonly [image: string, argv: string[], options: RunOptions, output: string][] = [
      ['with-command', [], {}, 'of the image'],
      ['with-command', ['echo', 'mine'], {}, 'mine'],
      ['with-command', ['mine'], { entrypoint: 'echo' }, 'mine'],
      ['with-entrypoint', [], {}, 'entry of the image'],
      ['with-entrypoint', ['mine'], {}, 'entry mine'],
      ['with-entrypoint', [], { entrypoint: ['echo', 'own'] }, 'own'],
      ['with-entrypoint', ['mine'], { entrypoint: ['echo', 'own'] }, 'own mine'],
      ['with-entrypoint', ['echo', 'bare'], { entrypoint: '' }, 'bare'],
      ['with-entrypoint', ['sh', '-c', 'pwd; echo $A $B'], { entrypoint: [], env: ['B=mine'] }, '/data\nimage mine'],
    ];
    for (const [image, argv, options, output] of cases) {
      it(`of ${image} with ${JSON.stringify(argv)} and ${JSON.stringify(options)} give '${output}'`, async () => {
        expect((await fixture().orlop.run(image, argv, options)).stdout).to.equal(`${output}\n`);
      });
    }

    it('are refused when there is neither', async () => {
      for (const options of [{ entrypoint: '' }, { entrypoint: [] }]) {
        const error = await refusal(fixture().orlop.run('with-entrypoint', [], options));
        expect(error.code).to.equal('ORLOP_E_INPUT');
      }
    });
  });

  it('a working directory that is missing is made, as root’s, and is a change of the container', async function () {
    requiresIn(this, 'ids');
    const container = await fixture().orlop.create('busybox', ['sh', '-c', 'pwd; stat -c "%u %g %a" .'], {
      workdir: '/made/for/it',
      user: '1000',
    });
    const running = await container.start();
    const { text } = await import('node:stream/consumers');
    expect(running.stdout === null ? '' : await text(running.stdout)).to.equal('/made/for/it\n0 0 755\n');
    await running.exited;
    expect((await container.diff()).map(({ kind, path }) => `${kind} ${path}`)).to.deep.equal([
      'A /made',
      'A /made/for',
      'A /made/for/it',
    ]);
    await container.remove();
  });

  it('a working directory can be in a volume', async () => {
    const source = join(fixture().directory, 'work');
    mkdirSync(source);
    await run('pwd > here', { volumes: [`${source}:/work`], workdir: '/work' });
    expect(readFileSync(join(source, 'here'), 'utf8')).to.equal('/work\n');
  });

  it('a working directory that is a file is refused', async () => {
    const error = await run('true', { workdir: '/etc/passwd' }).catch((reason: unknown) => reason);
    expect(error).to.be.an('error');
    expect((error as { exitCode?: number }).exitCode).to.be.oneOf([125, 126, 127]);
  });

  it('env takes a variable of the image away with null', async () => {
    const { stdout } = await run('env | cut -d= -f1 | sort', { env: { HOME: null, X: '1' } });
    expect(stdout.split('\n')).to.include('X').and.not.to.include('HOME');
  });
});
