import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../../support/require.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';
import { listing, packTo, pythonTar, run, sha256, shell, unpackFile } from './support.ts';

/** A tree with one of everything. */
function makeTree(directory: string): void {
  mkdirSync(directory);
  shell(
    `cd "$1"
     mkdir -p bin etc/deep "name with spaces" sticky; chmod 1777 sticky; chmod 750 etc
     head -c 300000 /dev/urandom > bin/tool; chmod 4755 bin/tool; chown 0:7 bin/tool; chmod 4755 bin/tool
     : > empty; ln bin/tool bin/tool-too; ln -s ../bin/tool etc/link; ln -s /absolute/target absolute; ln -s missing dangling
     ln absolute absolute-too
     mknod null c 1 3; mknod disk b 8 17; mkfifo fifo; chmod 600 fifo; chmod 640 null
     echo large > large-ids; chown 3000000:4000000000 large-ids
     truncate -s 5M sparse; printf middle | dd of=sparse bs=1 seek=2500000 conv=notrunc status=none
     long=$(printf 'x%.0s' $(seq 200)); mkdir -p "$long/$long"; echo deep > "$long/$long/$long"
     ln -s "$long/$long/$long" long-link
     echo unicode > "grüße-日本"; printf latin > $'caf\\xe9'; ln -s $'caf\\xe9' $'link-\\xff'; printf nl > $'new\\nline'
     setfattr -n user.text -v value bin/tool; setfattr -n user.binary -v 0x000a3d00ff22 etc; setfattr -n user.empty empty
     setfattr -n trusted.note -v kept etc/deep
     cp /bin/true capable; setcap cap_net_raw+ep capable
     setfacl -m u:1234:rw empty; setfacl -d -m g:99:rx sticky
     touch -d '2001-02-03 04:05:06.123456789' bin/tool empty fifo null; touch -h -d '1969-12-31 23:00:00.5' absolute
     touch -d '2010-01-01 00:00:00.000000001' etc/deep etc bin sticky .`,
    directory,
  );
}

describe('archives', () => {
  requires('privilege', 'archive', 'setfattr', 'busybox');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);

  describe('pack and unpack', () => {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      it(`keep everything of a tree, compressed with ${compression}`, async () => {
        makeTree(at('tree'));
        const packed = await packTo(at('tree'), at('a.tar'), { compression });
        expect(packed.digest).to.equal(sha256(at('a.tar')));
        expect(packed.size).to.equal(statSync(at('a.tar')).size);
        const unpacked = await unpackFile(at('a.tar'), at('out'));
        expect(unpacked).to.deep.equal(packed);
        expect(listing(at('out'))).to.equal(listing(at('tree')));
      });
    }

    it('leave out what others remove meanwhile', async () => {
      mkdirSync(at('tree'));
      const names = '$(seq 100 400)';
      const busy = `cd "$1"; trap 'exit 0' TERM; : > kept; while :; do
        for n in ${names}; do echo $n > file-$n; ln file-$n link-$n; ln -s x sym-$n; mkdir dir-$n; : > dir-$n/x; done
        rm -r file-* link-* sym-* dir-*; done`;
      const others = spawn('busybox', ['sh', '-c', busy, 'sh', at('tree')], { stdio: 'ignore' });
      try {
        await until('they have begun', () => existsSync(at('tree/kept')));
        for (let round = 0; round < 12; round++) {
          await packTo(at('tree'), at('a.tar'));
          await unpackFile(at('a.tar'), at(`out-${round}`));
          expect(existsSync(at(`out-${round}/kept`))).to.equal(true);
        }
      } finally {
        others.kill();
        await once(others, 'exit');
      }
    });

    it('give the same diff ID whatever the compression, and the one of the plain bytes', async () => {
      makeTree(at('tree'));
      const plain = await packTo(at('tree'), at('a.tar'));
      expect(plain.diffId).to.equal(plain.digest);
      const gzip = await packTo(at('tree'), at('a.tar.gz'), { compression: 'gzip' });
      const zstd = await packTo(at('tree'), at('a.tar.zst'), { compression: 'zstd' });
      expect([gzip.diffId, zstd.diffId]).to.deep.equal([plain.diffId, plain.diffId]);
      expect(shell('gzip -dc "$1" | sha256sum | cut -d" " -f1', at('a.tar.gz')).trim()).to.equal(plain.diffId.slice(7));
      expect(gzip.size).to.equal(statSync(at('a.tar.gz')).size);
    });

    it('give equal bytes for equal trees, in whatever order they were made', async () => {
      shell(
        'mkdir "$1" "$2"; cd "$1"; for f in a b c Z é; do echo $f > $f; done; touch -d @5 * .',
        at('one'),
        at('two'),
      );
      shell('cd "$1"; for f in é Z c b a; do echo $f > $f; done; touch -d @5 * .', at('two'));
      const one = await packTo(at('one'), at('1.tar'));
      const two = await packTo(at('two'), at('2.tar'));
      expect(two).to.deep.equal(one);
    });
  });

  describe('unpack', () => {
    for (const format of [
      'gnu',
      'pax',
      'posix --sparse',
      'gnu --sparse',
      'posix --sparse --sparse-version=0.0',
      'posix --sparse --sparse-version=0.1',
    ]) {
      it(`reads what GNU tar writes as ${format}`, async () => {
        makeTree(at('tree'));
        shell(
          `tar --format=${format} --xattrs --xattrs-include='*' --numeric-owner -C "$1" -cf "$2" .`,
          at('tree'),
          at('a.tar'),
        );
        await unpackFile(at('a.tar'), at('out'));
        // The gnu format has whole seconds and no attributes.
        const exact = !format.startsWith('gnu');
        const strip = (text: string) =>
          exact ? text : text.replace(/ (-?\d+)\d{9} /g, ' $1 ').replace(/ \('.*$/gm, '');
        if (exact) expect(listing(at('out'))).to.equal(listing(at('tree')));
        else expect(strip(listing(at('out'))).length).to.be.greaterThan(1000);
      });
    }

    it('keeps holes as holes', async () => {
      shell(
        'truncate -s 1G "$1/big"; echo end >> "$1/big"; tar -S --format=posix -C "$1" -cf "$1/a.tar" big',
        directory(),
      );
      await unpackFile(at('a.tar'), at('out'));
      const { size, blocks } = statSync(at('out/big'));
      expect(size).to.equal(1024 ** 3 + 4);
      expect(blocks).to.be.lessThan(1000);
    });

    it('reads gzip of several members with zeros behind it, and hashes all that came', async () => {
      shell(
        'cd "$1"; mkdir t; head -c 200000 /dev/urandom > t/x; tar -C t -cf a.tar .; head -c 100000 a.tar | gzip > a.gz; tail -c +100001 a.tar | gzip >> a.gz; cp a.gz b.gz; head -c 1000 /dev/zero >> b.gz',
        directory(),
      );
      for (const name of ['a.gz', 'b.gz']) {
        const sums = await unpackFile(at(name), at(`out-${name}`));
        expect(sums.diffId).to.equal(sha256(at('a.tar')));
        expect(sums.digest).to.equal(sha256(at(name)));
        expect(readFileSync(at(`out-${name}/x`)).equals(readFileSync(at('t/x')))).to.equal(true);
      }
    });

    it('reads zstd of several frames', async () => {
      shell(
        'cd "$1"; mkdir t; head -c 200000 /dev/urandom > t/x; tar -C t -cf a.tar .; head -c 100000 a.tar | zstd -q > a.zst; tail -c +100001 a.tar | zstd -q >> a.zst',
        directory(),
      );
      const sums = await unpackFile(at('a.zst'), at('out'));
      expect(sums.diffId).to.equal(sha256(at('a.tar')));
    });

    it('copies the bytes as they came', async () => {
      shell('cd "$1"; mkdir t; echo x > t/x; tar -C t -czf a.tgz .; : > copy', directory());
      const { openSync, closeSync } = await import('node:fs');
      const copyTo = openSync(at('copy'), 'w');
      const sums = await unpackFile(at('a.tgz'), at('out'), { copyTo });
      closeSync(copyTo);
      expect(readFileSync(at('copy')).equals(readFileSync(at('a.tgz')))).to.equal(true);
      expect(sums.digest).to.equal(sha256(at('copy')));
    });

    it('counts the bytes behind the end mark into the digests', async () => {
      shell(
        'cd "$1"; mkdir t; echo x > t/x; tar -C t -cf a.tar .; head -c 100000 /dev/zero >> a.tar; echo more >> a.tar',
        directory(),
      );
      expect((await unpackFile(at('a.tar'), at('out'))).diffId).to.equal(sha256(at('a.tar')));
    });

    it('takes the two zero blocks of an empty archive', async () => {
      shell('head -c 1024 /dev/zero > "$1/a.tar"', directory());
      expect((await unpackFile(at('a.tar'), at('out'))).entries).to.equal(0);
      expect(statSync(at('out')).mode & 0o7777).to.equal(0o755);
    });

    it('lets the later of two entries win', async () => {
      pythonTar(
        at('a.tar'),
        `add('f', data=b'first'); add('f', data=b'2'); add('l', b'2', linkname='f'); add('l', data=b'file')
add('x', data=b'x'); add('x', b'5'); add('d', b'5', mode=0o700); add('d/in'); add('d', b'5', mode=0o711)`,
      );
      await unpackFile(at('a.tar'), at('out'));
      expect(readFileSync(at('out/f'), 'utf8')).to.equal('2');
      expect(readFileSync(at('out/l'), 'utf8')).to.equal('file');
      expect(statSync(at('out/x')).isDirectory()).to.equal(true);
      expect(statSync(at('out/d')).mode & 0o777).to.equal(0o711);
    });

    it('makes missing parents and sets times of directories last', async () => {
      pythonTar(at('a.tar'), `add('a', b'5', mtime=7); add('a/b', mtime=8); add('c/d/e')`);
      await unpackFile(at('a.tar'), at('out'));
      expect(statSync(at('out/a')).mtimeMs).to.equal(7000);
      expect(statSync(at('out/c/d')).mode & 0o7777).to.equal(0o755);
    });

    it('writes through a symbolic link of the archive to where it leads below the root', async () => {
      pythonTar(
        at('a.tar'),
        `add('run', b'5'); add('var', b'5'); add('var/run', b'2', linkname='/run'); add('var/run/pid', data=b'1')`,
      );
      await unpackFile(at('a.tar'), at('out'));
      expect(readFileSync(at('out/run/pid'), 'utf8')).to.equal('1');
    });

    it('keeps an archive of other files private, whatever it says', async () => {
      pythonTar(
        at('a.tar'),
        `add('d', b'5', mode=0o777, uid=5); add('d/f', data=b'x', mode=0o4777, uid=5)
add('l', b'2', linkname='d/f')`,
      );
      await unpackFile(at('a.tar'), at('out'), { filesOnly: true });
      const { uid, mode } = statSync(at('out/d/f'));
      expect([uid, mode & 0o7777]).to.deep.equal([0, 0o600]);
      expect(statSync(at('out/d')).mode & 0o7777).to.equal(0o700);
    });
  });

  describe('pack', () => {
    it('makes what GNU tar reads with the same result', async () => {
      makeTree(at('tree'));
      await packTo(at('tree'), at('a.tar'), { compression: 'zstd' });
      mkdirSync(at('out'));
      run('tar', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-p', '-C', at('out'), '-xf', at('a.tar'));
      expect(listing(at('out'))).to.equal(listing(at('tree')));
    });

    it('leaves out sockets and what is mounted in the tree', async () => {
      shell('mkdir -p "$1/tree/v" "$1/volume"; echo secret > "$1/volume/f"; : > "$1/tree/file"', directory());
      run('python3', '-c', `import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])`, at('tree/s'));
      shell('mount --bind "$1/volume" "$1/tree/v"; mount --bind "$1/volume/f" "$1/tree/file"', directory());
      try {
        await packTo(at('tree'), at('a.tar'));
      } finally {
        shell('umount "$1/tree/v" "$1/tree/file"', directory());
      }
      expect(run('tar', '-tf', at('a.tar')).trim().split('\n')).to.deep.equal(['./', 'file', 'v/']);
      expect(readFileSync(at('a.tar')).includes('secret')).to.equal(false);
    });

    it('reads neither a FIFO nor a device', async () => {
      shell('mkdir "$1/tree"; mkfifo "$1/tree/f"; mknod "$1/tree/zero" c 1 5', directory());
      expect((await packTo(at('tree'), at('a.tar'))).entries).to.equal(3);
    });

    it('names no entry when the end of the archive cannot be written', async () => {
      shell('mkdir -p "$1/tree/a directory"; echo x > "$1/tree/a directory/with a long name"', directory());
      const error = await packTo(at('tree'), '/dev/full').catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'ENOSPC', syscall: 'write', path: undefined });
    });

    it('gives an error when the reader is gone', async () => {
      mkdirSync(at('tree'));
      shell('head -c 3000000 /dev/urandom > "$1/x"', at('tree'));
      copyFileSync('/bin/true', at('tree/y'));
      const { openSync, closeSync } = await import('node:fs');
      const { pack } = await import('../../../ts/images/archive/index.ts');
      shell('mkfifo "$1"', at('pipe'));
      const both = openSync(at('pipe'), 'r+');
      const output = openSync(at('pipe'), 'w');
      closeSync(both);
      const tree = openSync(at('tree'), 'r');
      const error = await pack({ directory: tree, output, layer: false, compression: 'none' }).catch((it) => it);
      closeSync(output);
      closeSync(tree);
      expect(error).to.include({ name: 'LaunchError', code: 'EPIPE', syscall: 'write' });
    });
  });
});
