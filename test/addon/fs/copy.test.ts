import { closeSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { addonFile } from '../../support/addon.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Disturber, shell, shellWithMounts, withDirectory } from '../../support/trees.ts';

describe('copyTree', () => {
  requires('root', 'addon', 'setfattr');
  const temporary = temporaryDirectory();

  beforeEach(() => {
    shell(temporary(), 'mkdir from to outside; echo secret >outside/secret');
  });

  const copy = () =>
    withDirectory(join(temporary(), 'from'), (from) =>
      withDirectory(join(temporary(), 'to'), (to) => loadNative().copyTree(from, to)),
    );
  const copyError = () =>
    copy().then(
      () => null,
      (error: NodeJS.ErrnoException) => error,
    );
  const stat = (path: string) => lstatSync(join(temporary(), path), { bigint: true });

  /** What stat shows of each entry that a copy must keep, with the directory itself as '.'. */
  const facts = (directory: string) =>
    shell(join(temporary(), directory), "find . -printf '%p %y %m %U:%G %s %T+ %l\\n' | sort");
  const attributes = (directory: string) =>
    shell(join(temporary(), directory), 'getfattr -R -P -h -d -m - -e hex . 2>/dev/null | cat');

  it('keeps kind, mode, owner, size, times and links, of the directory itself too', async () => {
    shell(
      temporary(),
      `cd from; mkdir -p d/e; echo text >d/f; : >d/e/empty; ln -s /absolute/missing l; ln -s d/f d/rel; mkfifo p
       mknod c c 1 3; mknod b b 7 200; chown 1000:1001 d/f p c; chown -h 1002:1003 l; chown 1004:1005 d
       chmod 4755 d/f; chmod 2711 d; chmod 1777 d/e; chmod 0 d/e/empty; chmod 640 p; chmod 606 c
       touch -h -d '2001-02-03 04:05:06.123456789' l d/rel p c b d/f d/e/empty
       touch -d '1999-12-31 23:59:59.987654321' d/e d .; chown 7:8 .; chmod 3751 .`,
    );
    const before = facts('from');
    await copy();
    expect(facts('to')).to.equal(before);
    expect(readFileSync(join(temporary(), 'to/d/f'), 'utf8')).to.equal('text\n');
    expect(stat('to/c').rdev).to.equal(stat('from/c').rdev);
    expect(stat('to/b').rdev).to.equal(stat('from/b').rdev);
  });

  it('keeps extended attributes: capabilities, access lists, those of links and of the directory itself', async () => {
    shell(
      temporary(),
      `cd from; mkdir d; echo x >d/f; ln -s x l
       setfattr -n user.note -v hello d/f; setfattr -n trusted.binary -v 0x00ff0a00 d/f
       setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 d/f
       setfattr -h -n trusted.link -v yes l; setfattr -n user.big -v "$(head -c 3000 /dev/zero | tr '\\0' x)" d
       setfattr -n user.top -v '' .
       setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000400ffffffff d/f
       setfattr -n system.posix_acl_default -v 0x0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff d`,
    );
    const before = attributes('from');
    expect(before).to.contain('security.capability').and.contain('posix_acl_default').and.contain('trusted.link');
    await copy();
    expect(attributes('to')).to.equal(before);
  });

  it('leaves out the marks of overlayfs', async () => {
    shell(
      temporary(),
      `cd from; mkdir d; : >d/f; mknod d/gone c 0 0; setfattr -n trusted.overlay.opaque -v y d
       setfattr -n user.overlay.redirect -v /etc d; setfattr -n user.kept -v 1 d`,
    );
    await copy();
    expect(readdirSync(join(temporary(), 'to/d'))).to.deep.equal(['f']);
    expect(attributes('to')).to.contain('user.kept').and.not.contain('overlay');
  });

  it('does not pass on an access list of the destination', async () => {
    shell(
      temporary(),
      `: >from/f; mkdir from/d
       setfattr -n system.posix_acl_default -v 0x0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff to`,
    );
    await copy();
    expect(attributes('to')).to.equal('');
  });

  it('keeps hard links within the tree, of links and FIFOs too', async () => {
    shell(
      temporary(),
      `cd from; mkdir a b; echo x >a/f; ln a/f b/g; ln a/f h; ln -s t s; ln s b/s2; mkfifo p; ln p a/p2
       echo y >single; ln single ../outside/elsewhere`,
    );
    await copy();
    for (const [first, second] of [
      ['a/f', 'b/g'],
      ['a/f', 'h'],
      ['s', 'b/s2'],
      ['p', 'a/p2'],
    ]) {
      expect(stat(`to/${first}`).ino, `${first} and ${second}`).to.equal(stat(`to/${second}`).ino);
    }
    expect(stat('to/a/f').nlink).to.equal(3n);
    expect(stat('to/single').nlink).to.equal(1n);
    expect(readlinkSync(join(temporary(), 'to/b/s2'))).to.equal('t');
  });

  it('keeps holes', async () => {
    shell(
      temporary(),
      `cd from; truncate -s 64M hole; truncate -s 64M middle; truncate -s 1M tail
       dd if=/dev/urandom of=middle bs=4096 seek=4000 count=3 conv=notrunc status=none
       dd if=/dev/urandom of=tail bs=1000 count=1 conv=notrunc status=none; head -c 700000 /dev/urandom >full`,
    );
    await copy();
    for (const name of ['hole', 'middle', 'tail', 'full']) {
      expect(stat(`to/${name}`).size, name).to.equal(stat(`from/${name}`).size);
      expect(Number(stat(`to/${name}`).blocks), name).to.be.at.most(Number(stat(`from/${name}`).blocks) + 8);
    }
    shell(
      temporary(),
      'cmp from/hole to/hole; cmp from/middle to/middle; cmp from/tail to/tail; cmp from/full to/full',
    );
  });

  it('copies from another file system', async () => {
    shell(temporary(), 'head -c 3000000 /dev/urandom >from/f; truncate -s 9M from/f; setfattr -n user.a -v 1 from/f');
    const view = await loadNative().openView([join(temporary(), 'from'), join(temporary(), 'outside')], 'trusted');
    try {
      await withDirectory(join(temporary(), 'to'), (to) => loadNative().copyTree(view, to));
    } finally {
      closeSync(view);
    }
    shell(temporary(), 'cmp from/f to/f; cmp outside/secret to/secret');
    expect(Number(stat('to/f').blocks)).to.be.lessThan(8000);
    expect(attributes('to')).to.contain('user.a');
  });

  it('leaves out sockets and does not wait at a FIFO', async () => {
    const server = createServer().listen(join(temporary(), 'from/socket'));
    await new Promise((done) => server.once('listening', done));
    shell(temporary(), 'mkfifo from/fifo; : >from/f');
    await copy();
    await new Promise((done) => server.close(done));
    expect(readdirSync(join(temporary(), 'to')).sort()).to.deep.equal(['f', 'fifo']);
  });

  it('copies names of any bytes', async () => {
    shell(temporary(), `cd from; : >"$(printf '\\377\\001\\n')"; : >' '; : >-rf; mkdir "$(printf '\\200')"`);
    await copy();
    expect(facts('to')).to.equal(facts('from'));
  });

  it('takes only an empty destination', async () => {
    shell(temporary(), ': >from/f; : >to/kept');
    expect(await copyError()).to.include({ code: 'ENOTEMPTY', path: '/kept' });
    expect(readdirSync(join(temporary(), 'to'))).to.deep.equal(['kept']);
  });

  it('fails rather than enter another mount', () => {
    shell(temporary(), 'mkdir -p from/a/b');
    const program = `const native = require(${JSON.stringify(addonFile)});
      const { openSync } = require("node:fs");
      native.copyTree(openSync("from"), openSync("to")).then(
        () => console.log("copied"), (error) => console.log(error.code, error.path));`;
    const output = shellWithMounts(temporary(), `mount --bind outside from/a/b\n'${process.execPath}' -e '${program}'`);
    expect(output).to.equal('EXDEV /a/b\n');
  });

  it('fails as a whole when one file cannot be copied', () => {
    shell(temporary(), 'mkdir small; head -c 3000000 /dev/zero | tr "\\0" x >from/f; : >from/g');
    const program = `const native = require(${JSON.stringify(addonFile)});
      const { openSync } = require("node:fs");
      native.copyTree(openSync("from"), openSync("small")).then(
        () => console.log("copied"), (error) => console.log(error.code, error.path));`;
    const mount = 'mount -t tmpfs -o size=1M orlop-test small';
    expect(shellWithMounts(temporary(), `${mount}\n'${process.execPath}' -e '${program}'`)).to.equal('ENOSPC /f\n');
  });

  describe('of a source that somebody changes', () => {
    /** Copies again and again into new directories, and gives what came out to `check`. */
    async function copyOften(disturber: Disturber, check: (path: string) => void): Promise<void> {
      let good = 0;
      for (let round = 0; good < 30 || disturber.rounds < 300; round++) {
        const path = join(temporary(), `to-${round}`);
        mkdirSync(path);
        if ((await withDirectory(path, copyTo).catch(() => 'failed')) === undefined) good++;
        check(path);
        shell(temporary(), `rm -r to-${round}`);
      }
    }
    const copyTo = (to: number) => withDirectory(join(temporary(), 'from'), (from) => loadNative().copyTree(from, to));

    it('follows no link that takes the place of a directory or a file', async () => {
      shell(temporary(), 'mkdir -p from/dir from/x; echo harmless >from/dir/secret; echo harmless >from/file');
      await using disturber = new Disturber(
        temporary(),
        `fs.renameSync(top + '/from/dir', top + '/from/x/dir')
         fs.symlinkSync('../outside', top + '/from/dir')
         fs.renameSync(top + '/from/file', top + '/from/x/file')
         fs.symlinkSync('../outside/secret', top + '/from/file')
         fs.unlinkSync(top + '/from/dir')
         fs.renameSync(top + '/from/x/dir', top + '/from/dir')
         fs.unlinkSync(top + '/from/file')
         fs.renameSync(top + '/from/x/file', top + '/from/file')`,
      );
      await copyOften(disturber, (path) => {
        const found = shell(path, `find . -type f -exec cat {} + | sort -u`);
        expect(found).to.be.oneOf(['', 'harmless\n']);
      });
    });

    it('ends, because it never opens a FIFO that takes the place of a file', async () => {
      shell(temporary(), 'mkfifo from/fifo; echo harmless >from/file');
      await using disturber = new Disturber(
        temporary(),
        `fs.renameSync(top + '/from/file', top + '/from/kept')
         fs.renameSync(top + '/from/fifo', top + '/from/file')
         fs.renameSync(top + '/from/file', top + '/from/fifo')
         fs.renameSync(top + '/from/kept', top + '/from/file')`,
      );
      await copyOften(disturber, (path) => {
        expect(shell(path, 'find . -type f -exec cat {} + | sort -u')).to.be.oneOf(['', 'harmless\n']);
      });
    });

    it('ends although a file keeps growing', async () => {
      shell(temporary(), ': >from/log');
      await using disturber = new Disturber(temporary(), `fs.appendFileSync(top + '/from/log', 'x'.repeat(100))`);
      await copyOften(disturber, (path) => {
        expect(statSync(join(path, 'log')).size).to.be.at.most(statSync(join(temporary(), 'from/log')).size);
      });
    });
  });

  it('leaves no descriptor open', async () => {
    shell(temporary(), 'mkdir -p from/a/b/c; : >from/a/f; ln from/a/f from/a/g');
    const count = readdirSync('/proc/self/fd').length;
    await copy();
    await copyError();
    expect(readdirSync('/proc/self/fd')).to.have.lengthOf(count);
  });
});
