import { closeSync, mkdirSync, openSync, rmSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('a look at a path of the host', () => {
  requires('addon');
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const look = (path: string) => loadNative().lookAt(path);

  async function codeOf(path: string): Promise<unknown> {
    const error = await look(path).then(
      () => null,
      (reason: unknown) => reason,
    );
    return error instanceof Error && 'code' in error ? error.code : error;
  }

  it('tells what is there, and where it is without symbolic links', async () => {
    mkdirSync(at('d'));
    writeFileSync(at('d/f'), '');
    symlinkSync('d', at('link'));
    for (const [path, real, isDirectory] of [
      ['d', 'd', true],
      ['link', 'd', true],
      ['link/../link/f', 'd/f', false],
    ] as const) {
      const { dev, ino } = statSync(at(real), { bigint: true });
      expect(await look(at(path))).to.deep.equal({
        path: at(real),
        device: dev,
        inode: ino,
        directory: isDirectory,
        special: '',
        fileSystem: statfsSync(at(real)).type,
      });
    }
  });

  it('tells which device a device file names', async () => {
    expect((await look('/dev/null')).special).to.equal('c 1:3');
    expect((await look('/dev')).special).to.equal('');
  });

  it('is refused where nothing is, where nothing is any more, and where there is no path', async () => {
    symlinkSync('nothing', at('link'));
    writeFileSync(at('f'), '');
    expect(await codeOf(at('none'))).to.equal('ENOENT');
    expect(await codeOf(at('link'))).to.equal('ENOENT');
    expect(await codeOf(at('f/x'))).to.equal('ENOTDIR');
    const file = openSync(at('f'), 'r');
    const [reading, writing] = loadNative().pipe();
    rmSync(at('f'));
    expect(await codeOf(`/proc/self/fd/${file}`)).to.equal('ENOENT');
    expect(await codeOf(`/proc/self/fd/${reading}`)).to.equal('ENOENT');
    for (const descriptor of [reading, writing]) loadNative().closeSync(descriptor);
    closeSync(file);
  });
});
