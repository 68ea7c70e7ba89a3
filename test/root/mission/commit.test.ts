import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { hasOneId } from '../../support/rights.ts';

describe('commit and diff', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  async function finished(script: string, volumes: string[] = []) {
    const container = await fixture().orlop.create('busybox', ['sh', '-c', script], { volumes });
    const running = await container.start({ stdout: 'ignore', stderr: 'inherit' });
    expect(await running.exited).to.include({ exitCode: 0, signal: null });
    return container;
  }

  it('show no change for a container that changed nothing', async () => {
    const container = await finished('true');
    expect(await container.diff()).to.deep.equal([]);
    await container.remove();
  });

  it('leave out what is in a volume and keep the empty mount points', async () => {
    const source = join(fixture().directory, 'source');
    mkdirSync(source);
    const file = join(fixture().directory, 'file.conf');
    writeFileSync(file, 'secret\n');
    const container = await finished('echo hi > /test/f', [`${source}:/test`, `${file}:/etc/file.conf`]);
    expect(await container.diff()).to.deep.equal([
      { kind: 'C', path: '/etc' },
      { kind: 'A', path: '/etc/file.conf' },
      { kind: 'A', path: '/test' },
    ]);
    await container.commit('committed');
    const result = await fixture().orlop.run('committed', ['sh', '-c', 'ls -A /test; stat -c %s /etc/file.conf'], {
      rm: true,
    });
    expect(result.stdout).to.equal('0\n');
    await container.remove();
  });

  it('are exact about additions, changes, deletions, modes, owners, hard links and replaced directories', async () => {
    const [user, group] = (await hasOneId()) ? [0, 0] : [7, 8];
    const script = [
      `echo new > /new && chown ${user}:${group} /new && chmod 4750 /new`,
      'ln /new /hard',
      'echo more >> /data/file',
      'rm /data/link',
      'rm -r /data/sub && mkdir /data/sub && touch /data/sub/fresh',
      'rm -r /var && ln -s tmp /var',
    ].join(' && ');
    const container = await finished(script);
    const changes = await container.diff();
    expect(changes.map(({ kind, path }) => `${kind} ${path}`)).to.include.members([
      'A /hard',
      'A /new',
      'C /data',
      'C /data/file',
      'D /data/link',
      'C /var',
    ]);
    await container.commit('changed');
    const probe =
      'stat -c "%a %u %g %h" /new; stat -c %i /new /hard | uniq | wc -l; cat /data/file; ls -A /data /data/sub; readlink /var';
    const result = await fixture().orlop.run('changed', ['sh', '-c', probe], { rm: true });
    expect(result.stdout).to.equal(
      `4750 ${user} ${group} 2\n1\nfrom the image\nmore\n/data:\nfile\nsub\n\n/data/sub:\nfresh\ntmp\n`,
    );
    const again = await fixture().orlop.create('changed', ['true']);
    await (await again.start({ stdout: 'ignore', stderr: 'ignore' })).exited;
    expect(await again.diff()).to.deep.equal([]);
    await again.remove();
    await container.remove();
  });

  it('keep extended attributes', async () => {
    const container = await finished('touch /x');
    const layer = (await container.inspect()).GraphDriver as { Data: { UpperDir: string } };
    execFileSync('setfattr', ['-n', 'user.test', '-v', 'value', join(layer.Data.UpperDir, 'x')]);
    await container.commit('xattr');
    const base = await fixture().orlop.create('xattr', ['sleep', '1000']);
    const running = await base.start({ stdout: 'ignore', stderr: 'ignore' });
    const value = execFileSync('getfattr', ['--only-values', '-n', 'user.test', `/proc/${running.pid}/root/x`]);
    expect(value.toString()).to.equal('value');
    running.kill('SIGKILL');
    await running.exited;
    await base.remove();
    await container.remove();
  });
});
