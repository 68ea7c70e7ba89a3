import { closeSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { mountTable } from '../../support/mounts.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { runInOverlay, shell, withDirectory } from '../../support/trees.ts';

describe('diff', () => {
  requires('root', 'addon', 'overlay', 'setfattr');
  const temporary = temporaryDirectory();

  beforeEach(() => {
    shell(
      temporary(),
      `mkdir -p lower/etc/ssl lower/var/log/old lower/tmp
       echo a >lower/etc/passwd; echo b >lower/etc/ssl/cert; echo c >lower/var/log/old/x; echo d >lower/var/log/y
       ln -s passwd lower/etc/link
       touch -d '2020-01-01 00:00:00.123456789' lower/etc lower/etc/ssl lower/var lower/var/log lower/var/log/old`,
    );
  });

  /** Changes of the upper directory against the lower one, as lines. */
  async function diff(layers = ['lower']): Promise<string[]> {
    const native = loadNative();
    const view = await native.openView(
      layers.map((layer) => join(temporary(), layer)),
      'trusted',
    );
    try {
      return await withDirectory(join(temporary(), 'upper'), async (upper) => {
        const changes = await native.diff(upper, view, 'trusted');
        return changes.map(({ kind, path }) => `${kind} ${path}`);
      });
    } finally {
      closeSync(view);
    }
  }

  it('is empty when nothing was changed', async () => {
    runInOverlay(temporary(), 'cat etc/passwd >/dev/null; ls -R . >/dev/null');
    expect(await diff()).to.deep.equal([]);
  });

  it('lists what was added, changed and deleted, and the directories that this changed', async () => {
    runInOverlay(temporary(), 'echo new >etc/new; echo more >>etc/passwd; rm etc/ssl/cert; mkdir -p srv/a; : >srv/a/f');
    expect(await diff()).to.deep.equal([
      'C /etc',
      'A /etc/new',
      'C /etc/passwd',
      'C /etc/ssl',
      'D /etc/ssl/cert',
      'A /srv',
      'A /srv/a',
      'A /srv/a/f',
    ]);
  });

  it('names only the topmost of what was deleted', async () => {
    runInOverlay(temporary(), 'rm -r var/log');
    expect(await diff()).to.deep.equal(['C /var', 'D /var/log']);
  });

  it('takes no notice of what was made and deleted again, except for the time of its directory', async () => {
    runInOverlay(temporary(), ': >etc/ssl/f; rm etc/ssl/f');
    expect(await diff()).to.deep.equal(['C /etc', 'C /etc/ssl']);
    runInOverlay(temporary(), "touch -d '2020-01-01 00:00:00.123456789' etc/ssl etc");
    expect(await diff()).to.deep.equal([]);
  });

  for (const [what, command] of [
    ['mode', 'chmod 700 etc/ssl'],
    ['owner', 'chown 5:6 etc/ssl'],
    ['time', 'touch etc/ssl'],
    ['extended attributes', 'setfattr -n user.note -v x etc/ssl'],
  ] as const) {
    it(`sees a change of a directory's ${what}`, async () => {
      runInOverlay(temporary(), command);
      expect(await diff()).to.deep.equal(['C /etc', 'C /etc/ssl']);
    });
  }

  it('counts a file that was copied up as changed', async () => {
    runInOverlay(temporary(), 'chmod 600 etc/ssl/cert; chmod 644 etc/ssl/cert');
    expect(await diff()).to.deep.equal(['C /etc', 'C /etc/ssl', 'C /etc/ssl/cert']);
  });

  it('finds what an opaque directory hides, at every depth', async () => {
    runInOverlay(temporary(), 'rm -r var/log; mkdir -p var/log/old; : >var/log/new');
    expect(await diff()).to.deep.equal([
      'C /var',
      'C /var/log',
      'A /var/log/new',
      'C /var/log/old',
      'D /var/log/old/x',
      'D /var/log/y',
    ]);
  });

  it('lists a change of kind as a change', async () => {
    runInOverlay(
      temporary(),
      'rm etc/passwd etc/link; mkdir etc/passwd; : >etc/passwd/f; : >etc/link; rm -r var; : >var',
    );
    expect(await diff()).to.deep.equal(['C /etc', 'C /etc/link', 'C /etc/passwd', 'A /etc/passwd/f', 'C /var']);
  });

  it('sorts by the bytes of the whole path', async () => {
    runInOverlay(temporary(), 'mkdir a; : >a/b; : >a.b; : >a-b; mkdir ä; : >z');
    expect(await diff()).to.deep.equal(['A /a', 'A /a-b', 'A /a.b', 'A /a/b', 'A /z', 'A /ä']);
  });

  it('compares with the union of several layers', async () => {
    shell(temporary(), 'mkdir -p top/etc; echo t >top/etc/top; mknod top/tmp c 0 0');
    runInOverlay(temporary(), 'rm etc/top; echo x >>etc/passwd; mkdir tmp', 'top:lower');
    expect(await diff(['top', 'lower'])).to.deep.equal(['C /etc', 'C /etc/passwd', 'D /etc/top', 'A /tmp']);
  });

  it('reads whiteouts that are files with a mark', async () => {
    shell(
      temporary(),
      `mkdir -p upper/etc; setfattr -n trusted.overlay.opaque -v x upper/etc
       : >upper/etc/passwd; setfattr -n trusted.overlay.whiteout upper/etc/passwd`,
    );
    expect(await diff()).to.deep.equal(['C /etc', 'D /etc/passwd']);
  });

  it('is not misled by marks that a container may write itself', async () => {
    runInOverlay(
      temporary(),
      `setfattr -n user.overlay.opaque -v y etc; : >etc/ssl/cert
       setfattr -n user.overlay.whiteout -v y etc/ssl/cert`,
    );
    expect(await diff()).to.deep.equal(['C /etc', 'C /etc/ssl', 'C /etc/ssl/cert']);
  });

  it('ignores a whiteout of what the view does not have', async () => {
    mkdirSync(join(temporary(), 'upper'));
    shell(temporary(), 'mknod upper/nothing c 0 0');
    expect(await diff()).to.deep.equal([]);
  });

  it('mounts nothing on the host', async () => {
    const before = mountTable();
    runInOverlay(temporary(), ': >f');
    expect(await diff()).to.deep.equal(['A /f']);
    expect(mountTable()).to.equal(before);
    expect(readdirSync(join(temporary(), 'merged'))).to.deep.equal([]);
  });
});
