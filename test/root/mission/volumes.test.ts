import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

describe('a volume', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const sh = (script: string, options = {}) => fixture().orlop.run('busybox', ['sh', '-c', script], options);

  it('named only by its target gets a 64-hex ID and a directory of its own that keeps what is written', async () => {
    const { orlop, root } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', 'echo hi > /test/f'], { volumes: ['/test'] });
    const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    expect(await running.exited).to.include({ exitCode: 0, signal: null });
    const [mount] = (await container.inspect()).Mounts;
    expect(mount?.Name).to.match(/^[0-9a-f]{64}$/);
    expect(readFileSync(join(root, 'volumes', mount?.Name ?? '', '_data/f'), 'utf8')).to.equal('hi\n');
    expect(mount?.Source).to.equal(join(root, 'volumes', mount?.Name ?? '', '_data'));
    await container.remove({ volumes: true });
    expect(readdirSync(join(root, 'volumes'))).to.not.include(mount?.Name);
  });

  it('named by a host directory is that directory on both sides', async () => {
    const source = join(fixture().directory, 'host');
    mkdirSync(source);
    writeFileSync(join(source, 'a'), 'from the host\n');
    const result = await sh('cat /test/a; echo back > /test/b; stat -c %i /test', { volumes: [`${source}:/test`] });
    expect(result.stderr).to.equal('');
    expect(result.stdout).to.equal(`from the host\n${statSync(source).ino}\n`);
    expect(readFileSync(join(source, 'b'), 'utf8')).to.equal('back\n');
  });

  it('may be a single file: the same inode on both sides', async () => {
    const source = join(fixture().directory, 'one.conf');
    writeFileSync(source, 'one\n');
    const result = await sh('stat -c %i /etc/one.conf; cat /etc/one.conf; echo two > /etc/one.conf', {
      volumes: [`${source}:/etc/one.conf`],
    });
    expect(result.stdout).to.equal(`${statSync(source).ino}\none\n`);
    expect(readFileSync(source, 'utf8')).to.equal('two\n');
  });

  it('with a name is made on first use and found again by the next container', async () => {
    await sh('echo kept > /test/f', { volumes: ['data:/test'], rm: true });
    const again = await sh('cat /test/f', { volumes: ['data:/test'], rm: true });
    expect(again.stdout).to.equal('kept\n');
    const list = await fixture().orlop.volumes.list();
    expect(list.items.map((volume) => volume.name)).to.include('data');
  });

  it('that is read-only refuses writes, below nested mounts too', async () => {
    const source = join(fixture().directory, 'ro');
    mkdirSync(source);
    const result = await sh('echo x > /test/f', { volumes: [`${source}:/test:ro`] });
    expect(result.exitCode).to.equal(1);
    expect(result.stderr).to.include('Read-only file system');
    expect(readdirSync(source)).to.deep.equal([]);
  });

  it('hides what the image has at the target, and leaves it intact', async () => {
    const source = join(fixture().directory, 'hiding');
    mkdirSync(source);
    const hidden = await sh('ls -A /data', { volumes: [`${source}:/data`] });
    expect(hidden.stdout).to.equal('');
    expect((await sh('cat /data/file')).stdout).to.equal('from the image\n');
  });

  it('may lie below another one, whatever the order they are given in', async () => {
    const parent = join(fixture().directory, 'parent');
    const child = join(fixture().directory, 'child');
    mkdirSync(parent);
    mkdirSync(child);
    writeFileSync(join(child, 'inner'), 'inner\n');
    const result = await sh('cat /m/sub/inner; grep -c " /m" /proc/self/mountinfo', {
      volumes: [`${child}:/m/sub`, `${parent}:/m`],
    });
    expect(result.stdout).to.equal('inner\n2\n');
  });

  it('is mounted in the container and nowhere else', async () => {
    const source = join(fixture().directory, 'where');
    mkdirSync(source);
    const result = await sh('cat /proc/self/mountinfo', { volumes: [`${source}:/test`] });
    const mounts = parseMounts(result.stdout);
    expect(mounts.filter((entry) => entry.target === '/test')).to.have.length(1);
    expect(mounts.find((entry) => entry.target === '/')?.type).to.equal('overlay');
    for (const entry of mounts) expect(entry.propagation, entry.target).to.deep.equal([]);
  });

  it('whose target lies below a symlink of the image stays inside the root file system', async () => {
    const { orlop, directory } = fixture();
    const container = await orlop.create('busybox', ['sh', '-c', 'ln -s /tmp /way && ln -s ../../../../../.. /out']);
    await (await container.start({ stdout: 'ignore', stderr: 'ignore' })).exited;
    await container.commit('linked');
    await container.remove();
    const source = join(directory, 'linked');
    mkdirSync(source);
    writeFileSync(join(source, 'f'), 'found\n');
    const result = await orlop.run('linked', ['sh', '-c', 'cat /tmp/deep/f /tmp/deeper/f'], {
      volumes: [`${source}:/way/deep`, `${source}:/out/tmp/deeper`],
    });
    expect(result.stdout).to.equal('found\nfound\n');
  });

  it('whose source is missing is an error with a hint, and nothing is made', async () => {
    const { orlop, root } = fixture();
    const before = readdirSync(join(root, 'layers'));
    const error = await orlop.run('busybox', ['true'], { volumes: ['/does/not/exist:/test'] }).then(
      () => null,
      (reason: unknown) => reason as { code?: string; message: string; hint?: string },
    );
    expect(error).to.have.property('code', 'ORLOP_E_SOURCE');
    expect(error?.message).to.include('/does/not/exist');
    // It may be a file or a directory.
    expect(error?.hint).to.match(/mkdir -p '.*' for a directory, touch '.*' for a file$/);
    expect(readdirSync(join(root, 'layers'))).to.deep.equal(before);
  });
});
