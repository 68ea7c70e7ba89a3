import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { chainIds, hexOf } from '../../../ts/images/digest.ts';
import { TestStore } from '../../support/images.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { listing, pythonTar, run, unpackFile } from './support.ts';

/** What unpacking is asked for, by the kind of the archive. */
const kinds = { layer: { layer: true }, tree: { layer: false }, files: { layer: false, filesOnly: true } } as const;

const full = `add('x', b'5')\nadd('x/y', data=b'y')\nadd('x/z/deep', data=b'z')\n`;

describe('an archive with a name twice', () => {
  requires('privilege', 'archive');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const names = (name: string) =>
    run('find', at(name), '-mindepth', '1', '-printf', '%P %y\n').trim().split('\n').sort();

  for (const [kind, options] of Object.entries(kinds)) {
    describe(`that is unpacked as ${kind}`, () => {
      const unpack = async (script: string) => {
        pythonTar(at('a.tar'), script);
        await unpackFile(at('a.tar'), at('out'), options);
      };

      it('gets the file that comes last: file, directory, file', async () => {
        await unpack(`add('x', data=b'first')\n${full}add('x', data=b'last')`);
        expect(names('out')).to.deep.equal(['x f']);
        expect(readFileSync(at('out/x'), 'utf8')).to.equal('last');
      });

      it('gets the directory that comes last, without what an earlier one held', async () => {
        await unpack(`${full}add('x', data=b'file')\nadd('x', b'5')\nadd('x/new', data=b'n')`);
        expect(names('out')).to.deep.equal(['x d', 'x/new f']);
      });

      it('gets the symbolic link that comes last, and what it led to keeps its content and its times', async () => {
        await unpack(`add('d', b'5', mtime=1000)\nadd('d/f', data=b'f')\n${full}add('x', b'2', linkname='d')`);
        expect(names('out')).to.deep.equal(['d d', 'd/f f', 'x l']);
        if (kind !== 'files') expect(lstatSync(at('out/d')).mtimeMs).to.equal(1_000_000);
      });

      it('gets the hard link that comes last', async () => {
        await unpack(`add('f', data=b'f')\n${full}add('x', b'1', linkname='f')\nadd('other', b'1', linkname='x')`);
        expect(names('out')).to.deep.equal(['f f', 'other f', 'x f']);
        expect(lstatSync(at('out/f')).nlink).to.equal(3);
      });

      it('goes on in the directory around the one that was replaced', async () => {
        await unpack(`add('a/x/y/f')\nadd('a/x/y/g')\nadd('a/x', data=b'x')\nadd('a/h')`);
        expect(names('out')).to.deep.equal(['a d', 'a/h f', 'a/x f']);
      });

      it('follows no link in the directory that is replaced', async () => {
        await unpack(`add('kept/f', data=b'f')\nadd('x/in', b'2', linkname='../kept')\nadd('x', data=b'x')`);
        expect(names('out')).to.deep.equal(['kept d', 'kept/f f', 'x f']);
      });

      it('may replace a directory of 10,000 files', async () => {
        await unpack(`for i in range(10000): add('x/%d' % i)\nadd('x', data=b'x')`);
        expect(names('out')).to.deep.equal(['x f']);
      });
    });
  }

  it('may replace a tree of 4,000 levels, which it made through links', async () => {
    const levels = `'/'.join(['a'] * 999)`;
    pythonTar(
      at('a.tar'),
      `add('x/' + ${levels} + '/f')
add('s1', b'2', linkname='x/' + ${levels})
for i in (1, 2, 3):
    add('s%d/a/' % i + ${levels} + '/f')
    add('s%d' % (i + 1), b'2', linkname='s%d/a/' % i + ${levels})
add('x/kept'); add('x', data=b'x')`,
    );
    await unpackFile(at('a.tar'), at('out'), kinds.tree);
    expect(names('out')).to.deep.equal(['s1 l', 's2 l', 's3 l', 's4 l', 'x f']);
  });

  it('ends when it replaces the same directory again and again', async () => {
    pythonTar(at('a.tar'), `for i in range(500):\n    add('x', b'5')\n    add('x/y/z')\n    add('x')`);
    await unpackFile(at('a.tar'), at('out'), kinds.layer);
    expect(names('out')).to.deep.equal(['x f']);
  });

  it('replaces nothing outside through a link', async () => {
    mkdirSync(at('victim'));
    writeFileSync(at('victim/file'), 'untouched');
    pythonTar(
      at('a.tar'),
      `add('l', b'2', linkname='${at('victim')}')\nadd('l', b'5')\nadd('l/file/deep')\nadd('l', b'2', linkname='/')\nadd('x/up', b'2', linkname='/')\nadd('x/up/x', data=b'x')`,
    );
    await unpackFile(at('a.tar'), at('out'), kinds.layer);
    expect(names('out')).to.deep.equal(['l l', 'x f']);
    expect(readFileSync(at('victim/file'), 'utf8')).to.equal('untouched');
  });
});

describe('a layer with a name twice', () => {
  requires('privilege', 'archive', 'addon', 'overlay', 'setfattr');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const isOpaque = (name: string) =>
    run('getfattr', '--absolute-names', '-d', '-m', '-', at(name)).includes('trusted.overlay.opaque="y"');

  for (const [title, before] of [
    ['a file', `add('x', data=b'file')`],
    ['a symbolic link', `add('x', b'2', linkname='d')`],
    ['a whiteout', `add('.wh.x')`],
    ['a file after a whiteout', `add('.wh.x')\nadd('x', data=b'file')`],
    ['a file after an opaque directory', `add('x/.wh..wh..opq')\nadd('x/.wh.old')\nadd('x', data=b'file')`],
  ] as const) {
    it(`hides the directory below if its own comes after ${title}`, async () => {
      pythonTar(at('a.tar'), `${before}\nadd('x', b'5')\nadd('x/new')`);
      await unpackFile(at('a.tar'), at('out'), kinds.layer);
      expect(isOpaque('out/x')).to.equal(true);
      expect(run('ls', '-A', at('out/x'))).to.equal('new\n');
    });
  }

  it('does not hide the directory below if it only has the directory twice', async () => {
    pythonTar(at('a.tar'), `add('x', b'5')\nadd('x/new')\nadd('x', b'5')`);
    await unpackFile(at('a.tar'), at('out'), kinds.layer);
    expect(isOpaque('out/x')).to.equal(false);
    expect(existsSync(at('out/x/new'))).to.equal(true);
  });

  it('loses the whiteouts of a directory that a file replaces, and makes later ones', async () => {
    pythonTar(at('a.tar'), `add('x/.wh.a')\nadd('x/.wh.b')\nadd('x', data=b'file')\nadd('d/.wh.c')\nadd('d/.wh.d')`);
    await unpackFile(at('a.tar'), at('out'), kinds.layer);
    expect(run('stat', '-c', '%F %h', at('out/x'), at('out/d/c'), at('out/d/d'))).to.equal(
      'regular file 1\ncharacter special file 2\ncharacter special file 2\n',
    );
  });

  it('is the same on the disk after import, and after save and load', async () => {
    pythonTar(
      at('a.tar'),
      `add('.', b'5')\nadd('x', data=b'first')\n${full}add('x', data=b'last')\nadd('d', b'5')\nadd('d/x/y')\nadd('d/x', b'2', linkname='y')`,
    );
    const [first, second] = [await TestStore.open(directory(), 'first'), await TestStore.open(directory(), 'second')];
    await first.import(at('a.tar'), { reference: 'twice' });
    await first.save(['twice'], at('image.tar'));
    await second.load(at('image.tar'));
    const diff = async (test: TestStore) => {
      const { diffIds } = await test.resolve('twice');
      return listing(test.store.diffPath(hexOf(chainIds(diffIds)[0] ?? '')));
    };
    expect(await diff(second)).to.equal(await diff(first));
    expect((await diff(first)).match(/b'[^']*' [-dl]/g)).to.deep.equal([
      `b'.' d`,
      `b'./d' d`,
      `b'./d/x' l`,
      `b'./x' -`,
    ]);
  });
});
