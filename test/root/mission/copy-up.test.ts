import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { hasOneId, seenInside } from '../../support/rights.ts';

describe('a new volume at a directory of the image', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const data = (name: string) => join(fixture().root, 'volumes', name, '_data');
  const run = (volume: string, script = 'true') =>
    fixture().orlop.run('busybox', ['sh', '-c', script], { volumes: [volume], rm: true });

  it('gets a copy of it: content, owner, mode and links', async () => {
    expect((await run('filled:/data', 'cat /data/file')).stdout).to.equal('from the image\n');
    const root = statSync(data('filled'));
    const owner = (await hasOneId()) ? [0, 0] : [1000, 1000];
    expect([...(await seenInside(root)), root.mode & 0o7777]).to.deep.equal([...owner, 0o750]);
    // The directory lets only its owner in, who is another user on the host where the caller is not root.
    const script = "stat -c '%u:%g %F' /data/file; readlink /data/link";
    expect((await run('filled:/data', script)).stdout).to.equal(`${owner.join(':')} regular file\nfile\n`);
  });

  it('gets it once: what was deleted since does not come back', async () => {
    await run('once:/data', 'rm /data/file');
    expect((await run('once:/data', 'ls /data')).stdout).to.equal('link\nsub\n');
  });

  it('stays empty with nocopy', async () => {
    expect((await run('bare:/data:nocopy', 'ls -A /data')).stdout).to.equal('');
  });

  it('does not get it when it has content already', async () => {
    await run('kept:/tmp', 'echo mine > /tmp/mine');
    expect((await run('kept:/data', 'ls /data')).stdout).to.equal('mine\n');
  });

  it('is filled when anonymous, too', async () => {
    expect((await run('/data', 'cat /data/file')).stdout).to.equal('from the image\n');
  });

  it('is never filled when it is a host path', async () => {
    const source = join(fixture().directory, 'host-path');
    mkdirSync(source);
    await run(`${source}:/data`);
    expect(readdirSync(source)).to.deep.equal([]);
  });
});
