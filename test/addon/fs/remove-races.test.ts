import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Disturber, Exchanger, makeDeep, shell, withDirectory } from '../../support/trees.ts';

describe('removeTree of a tree that others change', () => {
  requires('addon', 'perl');
  const temporary = temporaryDirectory('/dev/shm'); // in memory, for many rounds

  const remove = (name: string) => withDirectory(temporary(), (fd) => loadNative().removeTree(fd, name));

  beforeEach(() => {
    shell(temporary(), 'mkdir outside; echo kept >outside/kept');
  });

  it('does not follow a link that takes the place of a directory', async () => {
    const top = temporary();
    await using _ = new Exchanger(join(top, 't/victim'), join(top, 't/link'));
    // A removal that follows links is caught within some hundred rounds.
    for (let round = 0; round < 2000; round++) {
      mkdirSync(join(top, 'new/victim/kept'), { recursive: true });
      symlinkSync('../outside', join(top, 'new/link'));
      renameSync(join(top, 'new'), join(top, 't'));
      await remove('t');
      expect(existsSync(join(top, 't'))).to.equal(false);
      expect(existsSync(join(top, 'outside/kept')), `round ${round}`).to.equal(true);
    }
  });

  it('removes nothing above a deep directory that was moved away', async () => {
    const deep = `/t${'/d'.repeat(200)}`;
    // Moved when removal is on its way back from the deepest, and has to find this one again through `..`.
    await using _ = new Disturber(
      temporary(),
      `if (!fs.existsSync(top + '${deep}${'/d'.repeat(200)}')) fs.renameSync(top + '${deep}', top + '/outside/moved')`,
    );
    // Names that removal has not come to yet when it goes down: made before and after, whatever the order of reading.
    const names = Array.from({ length: 60 }, (_, i) => `name-${i}`);
    for (const name of names) writeFileSync(join(temporary(), 'outside', name), '');
    let moved = 0;
    for (let round = 0; moved < 3; round++) {
      expect(round, 'rounds without a move in time').to.be.lessThan(300);
      mkdirSync(join(temporary(), 'new'));
      makeDeep(join(temporary(), 'new'), 199);
      const above = join(temporary(), `new${'/d'.repeat(199)}`);
      for (const name of names.slice(30)) writeFileSync(join(above, name), '');
      makeDeep(above, 201);
      for (const name of names.slice(0, 30)) writeFileSync(join(above, name), '');
      renameSync(join(temporary(), 'new'), join(temporary(), 't'));
      await remove('t');
      expect(existsSync(join(temporary(), 't'))).to.equal(false);
      expect(readdirSync(join(temporary(), 'outside'))).to.include.members(names);
      if (existsSync(join(temporary(), 'outside/moved'))) moved++;
      await withDirectory(join(temporary(), 'outside'), (fd) => loadNative().removeTree(fd, 'moved'));
    }
  });

  it('ends although somebody keeps adding', async () => {
    mkdirSync(join(temporary(), 't'));
    await using _ = new Disturber(temporary(), `fs.writeFileSync(top + '/t/' + process.hrtime.bigint(), '')`);
    const code = await remove('t').catch((error: NodeJS.ErrnoException) => error.code);
    expect(code).to.be.oneOf([undefined, 'ENOTEMPTY']);
  });
});
