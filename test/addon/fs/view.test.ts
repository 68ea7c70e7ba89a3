import { closeSync, constants, fstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { mountTable } from '../../support/mounts.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { shell } from '../../support/trees.ts';

describe('openView', () => {
  requires('root', 'addon', 'overlay');
  const temporary = temporaryDirectory();

  beforeEach(() => {
    shell(
      temporary(),
      `mkdir -p 'a:b,c\\d/etc' base/etc base/dev
       echo top >'a:b,c\\d/etc/f'; echo base >base/etc/f; echo kept >base/etc/g; echo gone >base/etc/h
       mknod 'a:b,c\\d/etc/h' c 0 0; mknod base/dev/zero c 1 5`,
    );
  });

  const layers = () => ['a:b,c\\d', 'base'].map((name) => join(temporary(), name));

  async function withView(paths: string[], use: (path: string) => void): Promise<void> {
    const view = await loadNative().openView(paths, 'trusted');
    try {
      use(`/proc/self/fd/${view}`);
    } finally {
      closeSync(view);
    }
  }

  const ways = [
    ['', 0xffffffff],
    [' with mount(2) alone', 0],
  ] as const;
  for (const [way, features] of ways) {
    describe(`layers${way}`, () => {
      before(() => loadNative().limitFeatures(features));
      after(() => loadNative().limitFeatures(0xffffffff));

      it('leads through links with .. in them, and no further up than its root', async () => {
        shell(temporary(), `ln -s ../../../../etc/g base/etc/up; ln -s .. base/dev/root`);
        const native = loadNative();
        const view = await native.openView(layers(), 'trusted');
        try {
          for (const path of ['/etc/up', '/dev/root/etc/g', '../../dev/root/../etc/up']) {
            const file = await native.openInRoot(view, path, constants.O_RDONLY);
            expect(readFileSync(file, 'utf8'), path).to.equal('kept\n');
            closeSync(file);
          }
        } finally {
          closeSync(view);
        }
      });

      it('shows the union of several, whatever characters are in their names', async () => {
        await withView(layers(), (view) => {
          expect(readdirSync(view).sort()).to.deep.equal(['dev', 'etc']);
          expect(readdirSync(join(view, 'etc')).sort()).to.deep.equal(['f', 'g']);
          expect(readFileSync(join(view, 'etc/f'), 'utf8')).to.equal('top\n');
          expect(readFileSync(join(view, 'etc/g'), 'utf8')).to.equal('kept\n');
        });
      });

      it('is read-only and opens no device', async () => {
        await withView(layers(), (view) => {
          expect(() => writeFileSync(join(view, 'etc/new'), '')).to.throw(/EROFS/);
          expect(() => readFileSync(join(view, 'dev/zero'))).to.throw(/EACCES/);
        });
      });

      it('is in no mount table and leaves no descriptor', async () => {
        const mounts = mountTable();
        const descriptors = readdirSync('/proc/self/fd').length;
        await withView(layers(), () => expect(mountTable()).to.equal(mounts));
        expect(mountTable()).to.equal(mounts);
        expect(readdirSync('/proc/self/fd')).to.have.lengthOf(descriptors);
      });

      it('takes 300 layers', async () => {
        const many = Array.from({ length: 300 }, (_, i) => join(temporary(), `layers/${i}`));
        shell(temporary(), 'mkdir layers; for i in $(seq 0 299); do mkdir layers/$i; echo $i >layers/$i/of-$i; done');
        await withView(many, (view) => expect(readdirSync(view)).to.have.lengthOf(300));
      });

      it('a single layer is read-only too', async () => {
        await withView([join(temporary(), 'base')], (view) => {
          expect(readFileSync(join(view, 'etc/h'), 'utf8')).to.equal('gone\n');
          expect(() => writeFileSync(join(view, 'etc/new'), '')).to.throw(/EROFS/);
          expect(() => readFileSync(join(view, 'dev/zero'))).to.throw(/EACCES/);
        });
      });
    });
  }

  it('stays usable for look-ups that are confined to it', async () => {
    const native = loadNative();
    const view = await native.openView(layers(), 'trusted');
    const file = await native.openInRoot(view, '/../../etc/f', 0);
    expect(fstatSync(file).isFile()).to.equal(true);
    expect(readFileSync(file, 'utf8')).to.equal('top\n');
    expect(readlinkSync(`/proc/self/fd/${file}`)).to.equal('/etc/f');
    closeSync(file);
    closeSync(view);
  });

  it('names the layer that is missing', async () => {
    const missing = join(temporary(), 'missing');
    const error = await loadNative()
      .openView([missing, join(temporary(), 'base')], 'trusted')
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'ENOENT', errno: -2, syscall: 'open', path: missing });
  });

  it('refuses no layer, and a relative one', async () => {
    for (const list of [[], ['relative', '/']]) {
      const error = await loadNative()
        .openView(list, 'trusted')
        .catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'EINVAL' });
    }
  });
});
