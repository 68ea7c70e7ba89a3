import { closeSync, constants, fstatSync, mkdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Disturber, shell, withDirectory } from '../../support/trees.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const O_PATH = 0o10000000;

describe('openInRoot', () => {
  requires('addon');
  const temporary = temporaryDirectory();

  beforeEach(() => {
    shell(
      temporary(),
      `echo outside >secret
       mkdir -p root/a/b root/etc
       echo passwd >root/etc/passwd; echo deep >root/a/b/f
       ln -s /etc/passwd root/absolute; ln -s ../../../../etc/passwd root/a/climbing; ln -s ../secret root/escape
       ln -s loop2 root/loop; ln -s loop root/loop2; ln -s /made root/dangling; ln -s /a/b root/dir; mkfifo root/fifo`,
    );
  });

  const open = (path: string, flags: number, mode?: number) =>
    withDirectory(join(temporary(), 'root'), (root) => loadNative().openInRoot(root, path, flags, mode));

  async function read(path: string): Promise<string> {
    const fd = await open(path, O_RDONLY | O_NONBLOCK);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  }

  /** Where an opened path lies, from the root directory on. */
  async function place(path: string, flags: number): Promise<string> {
    const fd = await open(path, flags);
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).slice(join(realpathSync(temporary()), 'root').length);
    } finally {
      closeSync(fd);
    }
  }

  async function codeOf(path: string, flags: number, mode?: number): Promise<unknown> {
    const result = await open(path, flags, mode).catch((error: NodeJS.ErrnoException) => error);
    if (typeof result !== 'number') return result.code;
    closeSync(result);
    return 'opened';
  }

  const ways = [
    ['by openat2', 0xffffffff],
    ['by a walk, where openat2 is missing', 0],
  ] as const;
  for (const [way, features] of ways) {
    describe(way, () => {
      before(() => loadNative().limitFeatures(features));
      after(() => loadNative().limitFeatures(0xffffffff));

      it('keeps links and .. below the root', async () => {
        for (const path of [
          'etc/passwd',
          '/etc/passwd',
          '../../etc/passwd',
          'absolute',
          'a/climbing',
          '/a/../absolute',
        ]) {
          expect(await read(path), path).to.equal('passwd\n');
        }
        expect(await codeOf('escape', O_RDONLY)).to.equal('ENOENT');
        expect(await read('dir/f')).to.equal('deep\n');
        expect(await read('dir/../b/./f')).to.equal('deep\n');
        expect(await place('/', O_PATH)).to.equal('');
        expect(await place('dir/', O_PATH)).to.equal('/a/b');
        expect(await place('dir/..', O_PATH | O_DIRECTORY)).to.equal('/a');
      });

      it('does not follow the last link with O_NOFOLLOW', async () => {
        expect(await codeOf('absolute', O_RDONLY | O_NOFOLLOW)).to.equal('ELOOP');
        expect(await place('absolute', O_PATH | O_NOFOLLOW)).to.equal('/absolute');
        expect(await place('dir/f', O_RDONLY | O_NOFOLLOW)).to.equal('/a/b/f');
      });

      it('creates where the links lead, and not through a link with O_EXCL', async () => {
        expect(await codeOf('dangling', O_WRONLY | O_CREAT | O_EXCL, 0o600)).to.equal('EEXIST');
        const fd = await open('dangling', O_WRONLY | O_CREAT, 0o640);
        expect(fstatSync(fd).mode & 0o777).to.equal(0o640 & ~process.umask());
        closeSync(fd);
        expect(await read('made')).to.equal('');
      });

      it('refuses what is not there, no directory, a loop, an empty path, NUL and too long a path', async () => {
        expect(await codeOf('missing', O_RDONLY)).to.equal('ENOENT');
        expect(await codeOf('missing/x', O_WRONLY | O_CREAT)).to.equal('ENOENT');
        expect(await codeOf('etc/passwd/x', O_RDONLY)).to.equal('ENOTDIR');
        expect(await codeOf('etc/passwd/', O_RDONLY)).to.equal('ENOTDIR');
        expect(await codeOf('etc/passwd', O_RDONLY | O_DIRECTORY)).to.equal('ENOTDIR');
        expect(await codeOf('loop', O_RDONLY)).to.equal('ELOOP');
        expect(await codeOf('', O_RDONLY)).to.equal('ENOENT');
        expect(await codeOf('etc\0/passwd', O_RDONLY)).to.equal('EINVAL');
        expect(await codeOf('a/'.repeat(2100), O_RDONLY)).to.equal('ENAMETOOLONG');
      });

      it('does not wait for the other end of a FIFO with O_NONBLOCK', async () => {
        const fd = await open('fifo', O_RDONLY | O_NONBLOCK);
        expect(fstatSync(fd).isFIFO()).to.equal(true);
        closeSync(fd);
      });

      it('follows no magic link of procfs', async () => {
        const fd = await withDirectory('/proc', (proc) =>
          loadNative()
            .openInRoot(proc, `${process.pid}/root/etc`, O_RDONLY)
            .catch((error: NodeJS.ErrnoException) => error.code),
        );
        expect(fd).to.equal('ELOOP');
      });

      it('sets close-on-exec', async () => {
        const fd = await open('etc/passwd', O_RDONLY);
        const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
        closeSync(fd);
        expect(Number.parseInt(flags, 8) & 0o2000000).to.equal(0o2000000);
      });

      it('stays inside while somebody moves the directories on the way', async () => {
        mkdirSync(join(temporary(), 'elsewhere'));
        shell(temporary(), 'mkdir -p root/x/y; echo inside >root/secret');
        await using disturber = new Disturber(
          temporary(),
          `fs.renameSync(top + '/root/x/y', top + '/elsewhere/y')
           fs.renameSync(top + '/elsewhere/y', top + '/root/x/y')`,
        );
        let inside = 0;
        // Enough look-ups that some meet a move, and so few that a machine under load gets through them.
        while (inside < 500 || disturber.rounds < 500) {
          // Read from elsewhere/y, `../../secret` would be the secret outside.
          const text = await read('x/y/../../secret').catch((error: NodeJS.ErrnoException) => error.code);
          expect(text).to.be.oneOf(['inside\n', 'ENOENT', 'EAGAIN', 'EXDEV']);
          inside++;
        }
      });
    });
  }
});
