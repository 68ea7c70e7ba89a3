import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import type { Change } from '../../ts/native/contract.ts';
import { fileIdentity } from '../../ts/store/file-identity.ts';
import { tryLock, waitToWrite } from '../../ts/store/lock.ts';
import { requires } from '../support/require.ts';
import { temporaryDirectory, until } from '../support/temporary.ts';

describe('changes of the store', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);
  const change = (...changes: Change[]) => loadNative().change(changes);
  const codeOf = (make: () => void): string | undefined => {
    try {
      make();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
    return undefined;
  };

  it('are made in their order', () => {
    change(
      ['mkdir', at('new'), 0o700],
      ['write', at('new', 'f'), 'content', 0o600],
      ['rename', at('new'), at('made')],
      ['write', at('made', 'f'), 'other', 0o600],
    );
    expect(readFileSync(at('made', 'f'), 'utf8')).to.equal('other');
    expect(statSync(at('made', 'f')).mode & 0o777).to.equal(0o600);
  });

  it('give a directory its mode whatever the umask is', () => {
    const before = process.umask(0o077);
    try {
      change(['mkdir', at('open'), 0o755]);
    } finally {
      process.umask(before);
    }
    expect(statSync(at('open')).mode & 0o777).to.equal(0o755);
  });

  it('give a directory or a file a mode and an owner', () => {
    writeFileSync(at('f'), '');
    const facts = (path: string) => {
      const { mode, uid, gid } = statSync(path);
      return [mode & 0o7777, uid, gid];
    };
    const before = process.umask(0o077);
    try {
      change(
        ['mkdir', at('d'), 0o755],
        ['attributes', at('d'), 0o1777, 12, 34],
        // The mode comes last: chown(2) takes these bits away from a file that can be executed.
        ['attributes', at('f'), 0o6755, 56, 78],
      );
    } finally {
      process.umask(before);
    }
    expect(facts(at('d'))).to.deep.equal([0o1777, 12, 34]);
    expect(facts(at('f'))).to.deep.equal([0o6755, 56, 78]);
    change(['attributes', at('f'), 0, 0, 0]);
    expect(facts(at('f'))).to.deep.equal([0, 0, 0]);
    expect(() => change(['attributes', at('missing'), 0o755, 0, 0]))
      .to.throw()
      .that.includes({ code: 'ENOENT', syscall: 'chown', path: at('missing') });
  });

  it('bring a file and a directory to the disk, and follow no link there', () => {
    symlinkSync('d/f', at('link'));
    change(
      ['mkdir', at('d'), 0o700],
      ['write', at('d', 'f'), 'content', 0o600],
      ['sync', at('d', 'f')],
      ['sync', at('d')],
    );
    for (const [path, code] of [
      [at('missing'), 'ENOENT'],
      [at('link'), 'ELOOP'],
    ] as const) {
      expect(() => change(['sync', path]))
        .to.throw()
        .that.includes({ code, syscall: 'open', path });
    }
    expect(codeOf(() => change(['sync', '/proc/self/status']))).to.equal('EINVAL');
  });

  it('make a read-write layer with its mount point', () => {
    const before = process.umask(0o077);
    try {
      change(['layer', at('layer')]);
    } finally {
      process.umask(before);
    }
    const modes = ['', 'diff', 'work', 'mnt'].map((name) => statSync(at('layer', name)).mode & 0o7777);
    expect(modes).to.deep.equal([0o700, 0o755, 0o700, 0o700]);
    expect(readdirSync(at('layer'))).to.have.members(['diff', 'work', 'mnt']);
    expect(codeOf(() => change(['layer', at('layer')]))).to.equal('EEXIST');
    expect(codeOf(() => change(['layer', at('no', 'where')]))).to.equal('ENOENT');
  });

  it('end at the first that fails, with the error of the system', () => {
    const make = () => change(['mkdir', at('a'), 0o700], ['mkdir', at('a'), 0o700], ['mkdir', at('b'), 0o700]);
    expect(make)
      .to.throw()
      .that.includes({ code: 'EEXIST', syscall: 'mkdir', path: at('a') });
    expect(existsSync(at('b'))).to.equal(false);
  });

  it('find nothing wrong with what is gone already', () => {
    change(
      ['discard', at('missing'), at('trash')],
      ['unlink', at('missing')],
      ['rmdir', at('missing')],
      ['remove', at('missing')],
      ['remove', at('missing', 'below')],
    );
    expect(codeOf(() => change(['rename', at('missing'), at('trash')]))).to.equal('ENOENT');
  });

  it('do not take a directory for gone when the place for it is', () => {
    mkdirSync(at('tree'));
    expect(codeOf(() => change(['discard', at('tree'), at('missing', 'tree')]))).to.equal('ENOENT');
    change(['discard', at('tree'), at('trash')]);
  });

  it('remove a tree and nothing outside of it', () => {
    mkdirSync(at('tree', 'deep'), { recursive: true });
    mkdirSync(at('kept'));
    writeFileSync(at('kept', 'f'), '');
    symlinkSync(at('kept'), at('tree', 'deep', 'link'));
    change(['remove', at('tree')]);
    expect(existsSync(at('tree'))).to.equal(false);
    expect(readdirSync(at('kept'))).to.deep.equal(['f']);
  });

  it('hold a lock until they have ended', async () => {
    const path = at('locks', 'one.lock');
    const lock: Change = ['lock', path];
    expect(codeOf(() => change(lock, ['lock', path]))).to.equal('EAGAIN');
    const other = tryLock(loadNative(), path, 'exclusive');
    expect(codeOf(() => change(lock, ['mkdir', at('locked'), 0o700]))).to.equal('EAGAIN');
    expect(existsSync(at('locked'))).to.equal(false);
    await other?.release();
    change(lock, ['mkdir', at('locked'), 0o700], ['unlink', path]);
    expect(existsSync(path)).to.equal(false);
  });

  it('share a lock with others who do', async () => {
    const path = at('locks', 'shared.lock');
    change(['share', path], ['share', path], ['mkdir', at('shared'), 0o700]);
    const other = tryLock(loadNative(), path, 'shared');
    change(['share', path]);
    expect(codeOf(() => change(['lock', path]))).to.equal('EAGAIN');
    await other?.release();
    const alone = tryLock(loadNative(), path, 'exclusive');
    expect(codeOf(() => change(['share', path], ['rmdir', at('shared')]))).to.equal('EAGAIN');
    expect(existsSync(at('shared'))).to.equal(true);
    await alone?.release();
  });

  it('share no lock that another process waits for exclusively, and read no more than its length to know', async () => {
    const path = at('locks', 'wanted.lock');
    change(['share', path]);
    const reader = tryLock(loadNative(), path, 'shared');
    const writing = waitToWrite(loadNative(), path, 'the lock');
    await until('it waits', () => statSync(path).size > 0);
    expect(codeOf(() => change(['share', path], ['mkdir', at('shared'), 0o700]))).to.equal('EAGAIN');
    await reader?.release();
    await (await writing).release();
    // A killed process leaves the byte, and no lock.
    writeFileSync(path, '1');
    change(['share', path], ['mkdir', at('shared'), 0o700]);
    expect(statSync(path).size).to.equal(0);
  });

  it('stop where a file is not the one that was read', () => {
    const path = at('read');
    const replace = (content: string) => change(['write', at('new'), content, 0o600], ['rename', at('new'), path]);
    replace('one');
    const same: Change = ['same', path, fileIdentity(statSync(path, { bigint: true }))];
    change(same);
    replace('two');
    expect(codeOf(() => change(same, ['unlink', path]))).to.equal('ESTALE');
    change(['unlink', path]);
    expect(codeOf(() => change(same))).to.equal('ENOENT');
  });

  it('stop where a file was written to, although its length and the time of that were set back', () => {
    const path = at('disguised');
    writeFileSync(path, 'one');
    utimesSync(path, 1, 1);
    const same: Change = ['same', path, fileIdentity(statSync(path, { bigint: true }))];
    change(same);
    writeFileSync(path, 'two');
    utimesSync(path, 1, 1);
    expect(codeOf(() => change(same))).to.equal('ESTALE');
  });

  it('set quotas of projects where a file system has them, and refuse other bounds than two numbers', () => {
    change(['layer', at('bounded')]);
    for (const bounds of ['', '1', '1 ', 'x 1', '1 2 3', '1  2']) {
      expect(
        codeOf(() => change(['limit', at('bounded'), bounds])),
        `'${bounds}'`,
      ).to.equal('EINVAL');
    }
    // The file system of the test has no quotas.
    expect(codeOf(() => change(['limit', at('bounded'), '1 1']))).to.be.oneOf(['ESRCH', 'ENOTSUP', 'ENOSYS']);
    // Nothing to be taken away.
    change(['unlimit', at('bounded')]);
    change(['unlimit', at('nowhere')]);
    expect(codeOf(() => change(['quota', at('nowhere')]))).to.equal('ENOENT');
  });

  it('stop where something is that should not be there', () => {
    writeFileSync(at('there'), '');
    expect(codeOf(() => change(['absent', at('there')]))).to.equal('EEXIST');
    change(['absent', at('nowhere')]);
  });

  it('refuse what is no batch of changes', () => {
    for (const wrong of [
      [['chmod', '/x']],
      [['mkdir', 'relative', 1]],
      [['unlink', '/a\0b']],
      [['unlink']],
      [null],
      1,
    ]) {
      expect(() => loadNative().change(wrong as unknown as Change[]), JSON.stringify(wrong)).to.throw(TypeError);
    }
  });

  it('can be made off the JavaScript thread', async () => {
    await loadNative().changeLater([['mkdir', at('later'), 0o700]]);
    expect(existsSync(at('later'))).to.equal(true);
    const error = await loadNative()
      .changeLater([['mkdir', at('later'), 0o700]])
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'EEXIST' });
  });
});
