import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { shell, withDirectory } from '../../support/trees.ts';

describe('treeSize', () => {
  requires('addon');
  const temporary = temporaryDirectory();

  const size = () => withDirectory(temporary(), (fd) => loadNative().treeSize(fd));

  it('is nothing for an empty directory', async () => {
    expect(await size()).to.deep.equal({ bytes: 0, entries: 0 });
  });

  it('counts lengths of files and links, a file with several names once', async () => {
    shell(
      temporary(),
      `mkdir -p a/b; printf 12345 >a/f; ln a/f a/b/g; ln a/f h; ln -s /usr/bin a/link; truncate -s 1M a/b/sparse; mkfifo fifo`,
    );
    expect(await size()).to.deep.equal({ bytes: 5 + '/usr/bin'.length + 1048576, entries: 6 });
  });

  it('accepts an O_PATH descriptor, and its closing meanwhile', async () => {
    shell(temporary(), 'printf 123 >f');
    const fd = openSync(temporary(), 0o10000000);
    const pending = loadNative().treeSize(fd);
    closeSync(fd);
    expect(await pending).to.deep.equal({ bytes: 3, entries: 1 });
  });

  it('rejects what is no descriptor of a directory', async () => {
    shell(temporary(), ': >f');
    const file = openSync(join(temporary(), 'f'), 'r');
    const codeOf = (fd: number) =>
      loadNative()
        .treeSize(fd)
        .catch((error: NodeJS.ErrnoException) => error.code);
    expect(await codeOf(file)).to.equal('ENOTDIR');
    closeSync(file);
    expect(await codeOf(-1)).to.equal('EBADF');
  });
});
