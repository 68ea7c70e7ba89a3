import { execFileSync } from 'node:child_process';
import { symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import type { ResolvedUser } from '../../../ts/images/types.ts';
import { readUsers } from '../../../ts/images/users/read-users.ts';
import { findUser } from '../../../ts/images/users/users.ts';
import { makeTree, TestStore, tar, withView } from '../../support/images.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the users of an image', () => {
  requires('privilege', 'addon', 'archive', 'overlay');
  const directory = temporaryDirectory();

  async function find(spec: string, change: (tree: string) => Promise<void>): Promise<ResolvedUser> {
    const test = await TestStore.open(directory());
    const tree = await makeTree(join(directory(), 'tree'), { 'etc/group': 'app:x:50:\nextra:x:51:app\n' });
    await change(tree);
    await test.import(tar(tree, join(directory(), 'tree.tar'), '--sparse'), { reference: 'a:1' });
    const image = await test.resolve('a:1');
    return withView(test, image, async (_path, view) =>
      findUser(spec, await readUsers(test.store.native, view, image.reference), image.reference),
    );
  }

  const app = { uid: 40, gid: 50, groups: [51], home: '/srv' };
  const passwd = 'app:x:40:50::/srv:\n';

  it('are read from its passwd and group', async () => {
    const user = await find('app', async (tree) => {
      await makeTree(tree, { 'etc/passwd': passwd });
    });
    expect(user).to.deep.equal(app);
  });

  it('are found through an absolute symlink, inside the image', async () => {
    const user = await find('app', async (tree) => {
      await makeTree(tree, { 'usr/passwd': passwd });
      await symlink('/usr/passwd', join(tree, 'etc/passwd'));
    });
    expect(user).to.deep.equal(app);
  });

  it('are none where the files are missing or lead out', async () => {
    const user = await find('5', async (tree) => {
      await symlink('../../../../nowhere/passwd', join(tree, 'etc/passwd'));
    });
    expect(user).to.deep.equal({ uid: 5, gid: 0, groups: [], home: '/' });
  });

  const refused: readonly [what: string, change: (tree: string) => Promise<unknown>, why: RegExp][] = [
    ['a FIFO', async (tree) => execFileSync('mkfifo', [join(tree, 'etc/passwd')]), /not a regular file/],
    [
      'a device',
      async (tree) => execFileSync('mknod', [join(tree, 'etc/passwd'), 'c', '1', '5']),
      /not a regular file/,
    ],
    ['a directory', (tree) => makeTree(tree, { 'etc/passwd/x': '' }), /not a regular file/],
    [
      'an endless file',
      async (tree) => {
        await makeTree(tree, { 'etc/passwd': passwd });
        await truncate(join(tree, 'etc/passwd'), 11 * 1024 * 1024);
      },
      /more than 10485760 bytes/,
    ],
  ];
  for (const [what, change, why] of refused) {
    it(`are refused when passwd is ${what}`, async function () {
      if (what === 'a device') requiresIn(this, 'root');
      const error = await find('app', async (tree) => {
        await change(tree);
      }).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_NO_USER');
      expect(String(error)).to.match(why);
    });
  }
});
