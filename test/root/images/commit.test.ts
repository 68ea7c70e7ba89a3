import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { makeTree, TestStore, tar, withView } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('commit', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'setfattr');
  const directory = temporaryDirectory();
  let test: TestStore;

  beforeEach(async () => {
    test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), {
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      'old/a': 'a',
      'old/b': 'b',
      'gone/x': 'x',
      keep: 'keep',
    });
    await chmod(tree, 0o711);
    await chown(tree, 7, 8);
    const archive = tar(tree, join(directory(), 'tree.tar'));
    await test.import(archive, { reference: 'base:1', changes: ['ENV A=1', 'CMD ["sh"]', 'LABEL x=y'] });
  });

  it('makes a layer of additions, changes, deletions and opaque directories on the one below', async () => {
    await test.commit('base:1', 'next:1', async (upper) => {
      await makeTree(upper, { 'new/file': 'new', 'old/c': 'c', 'etc/passwd': 'changed\n', 'test/': '' });
      execFileSync('mknod', [join(upper, 'gone'), 'c', '0', '0']);
      execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(upper, 'old')]);
    });
    const image = await test.resolve('next:1');
    expect(image.layers).to.have.length(3);
    expect(image.diffIds).to.have.length(2);
    await withView(test, image, async (path) => {
      expect(await readdir(path)).to.have.members(['dev', 'etc', 'keep', 'new', 'old', 'proc', 'sys', 'test']);
      expect(await readdir(join(path, 'old'))).to.deep.equal(['c']);
      expect(await readdir(join(path, 'test'))).to.deep.equal([]);
      expect(await readFile(join(path, 'etc/passwd'), 'utf8')).to.equal('changed\n');
      expect(await readFile(join(path, 'new/file'), 'utf8')).to.equal('new');
    });
  });

  it('keeps mode, owner, times, attributes, links and special files exactly', async () => {
    const when = new Date('2001-02-03T04:05:06.789Z');
    await test.commit('base:1', 'next:1', async (upper) => {
      const file = join(upper, 'file');
      await writeFile(file, 'content');
      await chown(file, 3_000_000_000, 4_000_000_000);
      await chmod(file, 0o6751);
      execFileSync('setfattr', ['-n', 'user.binary', '-v', '0x00ff0a', file]);
      await link(file, join(upper, 'hard'));
      await symlink('/../up', join(upper, 'soft'));
      execFileSync('mkfifo', [join(upper, 'fifo')]);
      execFileSync('mknod', [join(upper, 'null'), 'c', '1', '3']);
      await utimes(file, when, when);
    });
    const [top = ''] = (await test.resolve('next:1')).layers;
    const file = await stat(join(top, 'file'));
    expect([file.uid, file.gid, file.mode & 0o7777]).to.deep.equal([3_000_000_000, 4_000_000_000, 0o6751]);
    expect(file.mtime.toISOString()).to.equal(when.toISOString());
    expect((await stat(join(top, 'hard'))).ino).to.equal(file.ino);
    const attribute = execFileSync(
      'getfattr',
      ['--absolute-names', '-n', 'user.binary', '-e', 'hex', join(top, 'file')],
      {
        encoding: 'utf8',
      },
    );
    expect(attribute).to.contain('user.binary=0x00ff0a');
    expect((await lstat(join(top, 'soft'))).isSymbolicLink()).to.equal(true);
    expect((await lstat(join(top, 'fifo'))).isFIFO()).to.equal(true);
    expect((await lstat(join(top, 'null'))).rdev).to.equal(0x103);
  });

  it('takes the configuration of the base, then of the container, then the changes', async () => {
    const upper = join(directory(), 'upper');
    await mkdir(upper);
    const base = await test.resolve('base:1');
    await test.images.commit({
      upper,
      marks: 'trusted',
      base,
      reference: 'next:1',
      config: { env: ['A=2', 'B=3'], user: '5' },
      changes: ['ENV C=4', 'WORKDIR /srv'],
      author: 'someone',
      message: 'why',
      createdBy: 'sh -c x',
    });
    const details = await test.images.inspect('next:1');
    expect(details.config).to.deep.equal({
      ...base.config,
      env: ['A=2', 'B=3', 'C=4'],
      user: '5',
      workingDir: '/srv',
    });
    expect(details).to.include({ author: 'someone', comment: 'why' });
    expect(details.history).to.have.length(2);
    expect(details.history[1]).to.include({
      author: 'someone',
      comment: 'why',
      createdBy: 'sh -c x',
      emptyLayer: false,
    });
  });

  it('of nothing makes another image with an empty layer', async () => {
    const id = await test.commit('base:1', 'same:1', async () => {});
    expect(id).to.not.equal((await test.resolve('base:1')).id);
    expect((await test.resolve(id)).diffIds).to.have.length(2);
  });

  it('shares the layers below, and removing one image leaves them to the other', async () => {
    await test.commit('base:1', 'next:1', async (upper) => {
      await makeTree(upper, { x: '' });
    });
    const below = (await test.resolve('base:1')).layers;
    expect((await test.resolve('next:1')).layers.slice(1)).to.deep.equal(below);
    await test.images.remove('base:1', { usedBy: async () => [] });
    await withView(test, await test.resolve('next:1'), async (path) => {
      expect(await readFile(join(path, 'keep'), 'utf8')).to.equal('keep');
    });
  });

  it('refuses the image host', async () => {
    const base = await test.resolve('host');
    const error = await test.images
      .commit({ upper: directory(), marks: 'trusted', base })
      .catch((error: unknown) => error);
    expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_INPUT');
  });

  it('reports a read-write layer that is not there', async () => {
    const base = await test.resolve('base:1');
    const upper = join(directory(), 'missing');
    const error = await test.images
      .commit({ upper, marks: 'trusted', base, reference: 'x:1' })
      .catch((error: unknown) => error);
    expect(error).to.have.property('code', 'ENOENT');
    expect((await test.images.list()).images).to.have.length(1);
  });
});
