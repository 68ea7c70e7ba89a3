import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { pack } from '../../../ts/images/archive/index.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { listing, packTo, pythonTar, run, shell, unpackFile } from './support.ts';

describe('layers', () => {
  requires('privilege', 'archive', 'overlay', 'setfattr');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const names = (tar: string) => run('tar', '-tf', at(tar)).trim().split('\n');

  /** Runs a script in an overlay of `lower` and `upper`, in a mount namespace that ends with it. */
  const inOverlay = (upper: string, script: string) =>
    shell(
      `cd "$1"; mkdir -p "$2" work m
       unshare --mount --propagation private bash -euc '
         mount -t overlay -o lowerdir=lower,upperdir="$1",workdir=work,redirect_dir=nofollow,metacopy=off,index=off,xino=off overlay m
         cd m; eval "$2"' bash "$2" "$3"; rm -rf work`,
      directory(),
      upper,
      script,
    );

  const makeLower = () =>
    shell(
      'mkdir "$1/lower"; cd "$1/lower"; mkdir -p gone/deep kept again; echo 1 > gone/f; echo 1 > kept/f; echo 1 > again/old; echo 1 > file; echo 1 > left',
      directory(),
    );

  const changes =
    'rm -r gone; rm kept/f; rm -r again; mkdir again; echo 2 > again/new; rm file; mkdir file; echo 2 > added; setfattr -n user.x -v y left; chmod 711 kept';

  it('of an upper directory name what is gone and what is opaque, first in its directory', async () => {
    makeLower();
    inOverlay('upper', changes);
    await packTo(at('upper'), at('a.tar'), { layer: 'trusted' });
    expect(names('a.tar')).to.deep.equal([
      './',
      'added',
      'again/',
      'again/.wh..wh..opq',
      'again/new',
      'file/',
      'file/.wh..wh..opq',
      '.wh.gone',
      'kept/',
      'kept/.wh.f',
      'left',
    ]);
    expect(readFileSync(at('a.tar')).includes('trusted.overlay')).to.equal(false);
  });

  it('unpacked give the upper directory again, and the same union', async () => {
    makeLower();
    inOverlay('upper', changes);
    const packed = await packTo(at('upper'), at('a.tar'), { layer: 'trusted', compression: 'gzip' });
    expect(await unpackFile(at('a.tar'), at('copy'), { layer: true })).to.deep.equal(packed);
    const seen = (upper: string) =>
      inOverlay(upper, 'find . -printf "%P %M %s %T@\\n" | sort; cat added again/new; getfattr -d left');
    expect(seen('copy')).to.equal(seen('upper'));
    expect(await packTo(at('copy'), at('b.tar'), { layer: 'trusted', compression: 'gzip' })).to.deep.equal(packed);
  });

  it('hide what is below: a whiteout before, an opaque mark, and a directory that comes after its whiteout', async () => {
    makeLower();
    pythonTar(
      at('a.tar'),
      `add('.wh.file'); add('kept/.wh..wh..opq'); add('.wh.gone'); add('gone/new', data=b'x'); add('again', b'5'); add('.wh.again')`,
    );
    await unpackFile(at('a.tar'), at('upper'), { layer: true });
    expect(inOverlay('upper', 'find . | sort').trim().split('\n')).to.deep.equal([
      '.',
      './again',
      './gone',
      './gone/new',
      './kept',
      './left',
    ]);
  });

  it('ignore a whiteout of a file that they bring themselves', async () => {
    makeLower();
    pythonTar(at('a.tar'), `add('file', data=b'mine'); add('.wh.file')`);
    await unpackFile(at('a.tar'), at('upper'), { layer: true });
    expect(readFileSync(at('upper/file'), 'utf8')).to.equal('mine');
  });

  it('give all whiteouts one inode, never that of a file that came in the place of one', async () => {
    pythonTar(
      at('a.tar'),
      `add('.wh.a'); add('d/.wh.b'); add('.wh.c'); add('a', data=b'mine'); add('.wh.e'); add('d/.wh.f'); add('.wh.a')`,
    );
    await unpackFile(at('a.tar'), at('upper'), { layer: true });
    const facts = (name: string) => run('stat', '-c', '%F %Hr:%Lr %h', at(`upper/${name}`)).trim();
    for (const name of ['d/b', 'c', 'e', 'd/f']) expect(facts(name)).to.equal('character special file 0:0 2');
    expect(facts('a')).to.contain('regular file').and.to.match(/ 1$/);
    expect(readFileSync(at('upper/a'), 'utf8')).to.equal('mine');
  });

  it('lose the records of AUFS', async () => {
    pythonTar(
      at('a.tar'),
      `add('.wh..wh.plnk', b'5'); add('.wh..wh.plnk/1.2', data=b'x'); add('.wh..wh.aufs'); add('f')`,
    );
    await unpackFile(at('a.tar'), at('upper'), { layer: true });
    expect(shell('ls -A "$1"', at('upper')).trim()).to.equal('f');
  });

  it('are not made of a name that would read as a deletion', async () => {
    shell('mkdir "$1/upper"; : > "$1/upper/.wh.etc"', directory());
    const error = await packTo(at('upper'), at('a.tar'), { layer: 'trusted' }).catch((it) => it);
    expect(error).to.include({ code: 'ORLOP_E_ARCHIVE' });
    expect(error.message).to.include(`entry '.wh.etc'`);
  });

  it('are not made of a directory whose content lies elsewhere', async () => {
    shell('mkdir -p "$1/upper/d"; setfattr -n trusted.overlay.redirect -v /etc "$1/upper/d"', directory());
    const error = await packTo(at('upper'), at('a.tar'), { layer: 'trusted' }).catch((it) => it);
    expect(error.message).to.include('trusted.overlay.redirect');
  });

  it('need no end mark; a root file system without one is taken with a warning', async () => {
    shell('cd "$1"; echo x > f; tar -cf a.tar f; truncate -s 1024 a.tar', directory());
    await unpackFile(at('a.tar'), at('upper'), { layer: true });
    expect(readFileSync(at('upper/f'), 'utf8')).to.equal('x\n');
    const warned = once(process, 'warning');
    await unpackFile(at('a.tar'), at('tree'));
    expect(readFileSync(at('tree/f'), 'utf8')).to.equal('x\n');
    expect((await warned)[0].message).to.include('has no end mark');
    const error = await unpackFile(at('a.tar'), at('files'), { filesOnly: true }).catch((it) => it);
    expect(error.message).to.include('ends too early');
  });

  it('made of a real configuration directory come back exactly', async function () {
    this.timeout(300_000);
    // A copy: in a container single files of /etc are mounts, which are left out.
    run('cp', '-a', '/etc', at('source'));
    const before = listing(at('source'));
    await packTo(at('source'), at('a.tar.zst'), { compression: 'zstd' });
    await unpackFile(at('a.tar.zst'), at('copy'));
    expect(listing(at('copy'))).to.equal(before);
  });
});

describe('the view of layers', () => {
  requires('privilege', 'archive', 'addon', 'overlay');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);

  it('that is mounted nowhere is packed as one tree', async () => {
    shell(
      'cd "$1"; mkdir -p low/d up/d; echo 1 > low/d/f; ln low/d/f low/d/g; echo 2 > up/d/h; mknod up/d/gone c 0 0; echo > low/d/gone',
      directory(),
    );
    const view = await loadNative().openView([at('up'), at('low')], 'trusted');
    const output = openSync(at('a.tar'), 'w');
    await pack({ directory: view, output, layer: false, compression: 'none' });
    closeSync(view);
    closeSync(output);
    expect(run('tar', '-tf', at('a.tar')).trim().split('\n')).to.deep.equal(['./', 'd/', 'd/f', 'd/g', 'd/h']);
  });
});
