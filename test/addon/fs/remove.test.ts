import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { addonFile } from '../../support/addon.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import {
  makeDeep,
  runInOverlay,
  runWithFewDescriptors,
  shell,
  shellWithMounts,
  withDirectory,
} from '../../support/trees.ts';

describe('removeTree', () => {
  requires('addon');
  // Before the hook that removes the directory.
  afterEach(() => {
    expect(readFileSync(join(temporary(), 'outside/kept'), 'utf8')).to.equal('kept\n');
  });
  const temporary = temporaryDirectory();

  const remove = (name: string) => withDirectory(temporary(), (fd) => loadNative().removeTree(fd, name));
  const codeOf = (name: string) =>
    remove(name).then(
      () => 'removed',
      (error: NodeJS.ErrnoException) => error.code,
    );

  beforeEach(() => {
    shell(temporary(), 'mkdir outside; echo kept >outside/kept');
  });

  const ways = [
    ['', 0xffffffff],
    [' without openat2', 0],
  ] as const;
  for (const [way, features] of ways) {
    describe(`removes${way}`, () => {
      before(() => loadNative().limitFeatures(features));
      after(() => loadNative().limitFeatures(0xffffffff));

      it('every kind of entry, and no target of a link', async () => {
        shell(
          temporary(),
          `mkdir -p t/a/b t/c; : >t/a/f; ln t/a/f t/a/g; mkfifo t/fifo; ln -s ../outside t/link
           ln -s ../../outside/kept t/a/link; ln -s missing t/dangling; chmod 0 t/a/b; touch t/"$(printf '\\377')"`,
        );
        await remove('t');
        expect(existsSync(join(temporary(), 't'))).to.equal(false);
      });

      it('a tree of 400 levels with 200 descriptors', () => {
        mkdirSync(join(temporary(), 't'));
        makeDeep(join(temporary(), 't'), 400);
        runWithFewDescriptors(
          temporary(),
          200,
          `native.limitFeatures(${features}); await native.removeTree(fs.openSync('.'), 't')`,
        );
        expect(readdirSync(temporary())).to.deep.equal(['outside']);
      });
    });
  }

  it('removes a single file, and the link itself', async () => {
    shell(temporary(), ': >f; ln -s outside link');
    await remove('f');
    await remove('link');
    expect(readdirSync(temporary())).to.deep.equal(['outside']);
  });

  it('is content when there is nothing to remove', async () => {
    expect(await codeOf('missing')).to.equal('removed');
  });

  it('takes the name of an entry only', async () => {
    for (const name of ['', '.', '..', 'outside/kept', '/', 'x\0y', 'outside/']) {
      expect(await codeOf(name), JSON.stringify(name)).to.equal('EINVAL');
    }
  });

  it('removes 20,000 names from one directory', async () => {
    mkdirSync(join(temporary(), 't'));
    writeFileSync(join(temporary(), 't/0'), '');
    for (let i = 1; i < 20_000; i++) linkSync(join(temporary(), 't/0'), join(temporary(), `t/${i}`));
    await remove('t');
    expect(readdirSync(temporary())).to.deep.equal(['outside']);
  });

  it('says what it could not remove', async () => {
    const error = await withDirectory('/proc', (fd) =>
      loadNative()
        .removeTree(fd, 'uptime')
        .catch((reason: unknown) => reason),
    );
    const refused = process.getuid?.() === 0 ? { errno: -1, code: 'EPERM' } : { errno: -13, code: 'EACCES' };
    expect(error).to.include({ ...refused, syscall: 'unlinkat', path: 'uptime' });
  });

  describe('as root', () => {
    requires('root', 'overlay');

    it('removes what an overlay left: whiteouts and a work directory of mode 0', async () => {
      shell(temporary(), 'mkdir -p lower/a; : >lower/a/f');
      runInOverlay(temporary(), 'rm -r a; mkdir a');
      shell(temporary(), 'chmod 0 work/work');
      for (const name of ['lower', 'upper', 'work', 'merged']) await remove(name);
      expect(readdirSync(temporary())).to.deep.equal(['outside']);
    });

    it('enters no other mount', () => {
      shell(temporary(), 'mkdir -p t/a t/b; : >t/file; : >t/b/f');
      writeFileSync(
        join(temporary(), 'remove.cjs'),
        `const native = require(${JSON.stringify(addonFile)});
         native.removeTree(require('node:fs').openSync('.'), 't').then(
           () => console.log('removed'), (error) => console.log(error.code, error.path));`,
      );
      const run = (mount: string) =>
        shellWithMounts(temporary(), `${mount}\n'${process.execPath}' remove.cjs\ncat outside/kept`);
      expect(run('mount --bind outside t/a')).to.equal('EBUSY /a\nkept\n');
      expect(run('mkdir -p t/a; mount --bind outside t')).to.match(/^(EBUSY|EXDEV) t\nkept\n$/);
    });
  });
});
