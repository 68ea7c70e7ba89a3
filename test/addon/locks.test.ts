import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { requires } from '../support/require.ts';
import { runProgram } from '../support/starts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('a lock', () => {
  requires('addon');
  const directory = temporaryDirectory();

  it('is shared by readers, and had alone by a writer, until its descriptor is closed', () => {
    const native = loadNative();
    const file = join(directory(), 'lock');
    const [a, b, c] = [openSync(file, 'w'), openSync(file, 'r'), openSync(file, 'r')];
    expect(native.tryLock(a, 'shared')).to.equal(true);
    expect(native.tryLock(b, 'shared')).to.equal(true);
    expect(native.tryLock(c, 'exclusive')).to.equal(false);
    closeSync(a);
    expect(native.tryLock(c, 'exclusive')).to.equal(false);
    closeSync(b);
    expect(native.tryLock(c, 'exclusive')).to.equal(true);
    closeSync(c);
  });

  it('is freed by the end of the program that held it', async () => {
    const native = loadNative();
    const file = join(directory(), 'lock');
    const { stdout } = await runProgram(
      `const fd = require('node:fs').openSync(${JSON.stringify(file)}, 'w');
       console.log(native.tryLock(fd, 'exclusive'));`,
      {},
    );
    expect(stdout).to.equal('true\n');
    const fd = openSync(file, 'r');
    expect(native.tryLock(fd, 'exclusive')).to.equal(true);
    closeSync(fd);
  });

  it('refuses what is not open, and what is no kind of lock', () => {
    const native = loadNative();
    expect(() => native.tryLock(99999, 'shared'))
      .to.throw()
      .with.property('code', 'EBADF');
    expect(() => native.tryLock(0, 'both' as never)).to.throw(TypeError);
  });
});

describe('a pipe', () => {
  requires('addon');

  it('carries bytes from its second descriptor to its first, and is closed by an execve', () => {
    const [read, write] = loadNative().pipe();
    writeSync(write, 'through');
    const buffer = Buffer.alloc(7);
    readSync(read, buffer);
    expect(buffer.toString()).to.equal('through');
    for (const fd of [read, write]) {
      const flags = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      expect(Number.parseInt(flags ?? '', 8) & 0o2000000, 'O_CLOEXEC').to.equal(0o2000000);
      closeSync(fd);
    }
  });
});
