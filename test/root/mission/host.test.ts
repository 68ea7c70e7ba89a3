import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { mountTable, parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe("the host's mount table", () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  it('does not change while a container runs, and mnt/<id> stays empty', async () => {
    const { orlop, root } = fixture();
    const before = mountTable();
    const container = await orlop.create('busybox', ['sleep', '1000'], { volumes: ['/test'] });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    expect(mountTable()).to.equal(before);
    expect(parseMounts(mountTable(running.pid)).map((entry) => entry.target)).to.include('/test');
    const points = readdirSync(join(root, 'mnt'));
    expect(points).to.have.length(1);
    expect(readdirSync(join(root, 'mnt', points[0] ?? ''))).to.deep.equal([]);
    running.kill('SIGKILL');
    expect(await running.exited).to.include({ exitCode: 137, signal: 'SIGKILL' });
    expect(mountTable()).to.equal(before);
    await container.remove({ volumes: true });
    expect(readdirSync(join(root, 'mnt'))).to.deep.equal([]);
  });

  it('does not change with twenty containers at once', async () => {
    const before = mountTable();
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { volumes: ['/test'], rm: true });
        return container.start({ stdout: 'ignore', stderr: 'ignore' });
      }),
    );
    expect(mountTable()).to.equal(before);
    for (const running of all) running.kill('SIGKILL');
    await Promise.all(all.map((running) => running.exited));
    expect(mountTable()).to.equal(before);
  });

  it('gets nothing that is mounted inside below a source on a shared mount', async () => {
    const source = join(fixture().directory, 'shared');
    mkdirSync(source);
    execFileSync('mount', ['-t', 'tmpfs', 'shared', source]);
    try {
      execFileSync('mount', ['--make-shared', source]);
      mkdirSync(join(source, 'sub'));
      const before = mountTable();
      const result = await fixture().orlop.run(
        'busybox',
        ['sh', '-c', 'mount -t tmpfs inside /test/sub && grep -c inside /proc/self/mountinfo; sleep 0'],
        { volumes: [`${source}:/test`], rm: true, capAdd: ['SYS_ADMIN'], securityOpt: ['seccomp=unconfined'] },
      );
      expect(result.stdout, result.stderr).to.equal('1\n');
      expect(mountTable()).to.equal(before);
    } finally {
      execFileSync('umount', [source]);
    }
  });
});

describe('the image host', () => {
  // It shows the file system of `/` only.
  requires('privilege', 'addon', 'overlay', 'temporary-on-root');
  const directory = temporaryDirectory();

  it('hides a store whose run directory lies in it, and all that is in both', async () => {
    const root = join(directory(), 'root');
    await using orlop = await Orlop.open({ root, run: join(root, 'run') });
    const { stdout } = await orlop.run('host', ['ls', '-A', directory(), root]);
    expect(stdout).to.equal(`${directory()}:\nroot\n\n${root}:\n`);
  });

  it('hides the stores of other roots, with their volumes', async () => {
    const [root, other] = [join(directory(), 'root'), join(directory(), 'other')];
    await using orlop = await Orlop.open({ root });
    await using second = await Orlop.open({ root: other });
    const { mountpoint } = await second.volumes.create('data');
    writeFileSync(join(mountpoint, 'secret'), 'secret');
    const { stdout, stderr } = await orlop.run('host', ['cat', join(mountpoint, 'secret')]);
    expect(stdout).to.equal('');
    expect(stderr).to.include('No such file or directory');
  });

  it('hides the passwords of the host, unless the container mounts a file or a directory there', async () => {
    await using orlop = await Orlop.open({ root: join(directory(), 'root') });
    const read = async (...volumes: string[]) => (await orlop.run('host', ['cat', '/etc/shadow'], { volumes })).stdout;
    expect(readFileSync('/etc/shadow', 'utf8')).to.not.equal('');
    expect(await read()).to.equal('');
    mkdirSync(join(directory(), 'etc'));
    const own = join(directory(), 'etc', 'shadow');
    writeFileSync(own, 'own');
    expect(await read(`${own}:/etc/shadow`)).to.equal('own');
    expect(await read(`${join(directory(), 'etc')}:/etc`)).to.equal('own');
  });
});
