import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { hostHidden } from '../../../ts/images/host.ts';
import { requires } from '../../support/require.ts';
import { temporaryParent } from '../../support/temporary.ts';

describe('what the image host hides', () => {
  requires('temporary-on-root');
  let directory = '';

  before(async () => {
    directory = await realpath(await mkdtemp(join(temporaryParent, 'orlop-test-')));
  });

  after(() => rm(directory, { recursive: true, force: true }));

  it('is covered through a link too, as /home is one on some machines', async () => {
    const [root, run] = [join(directory, 'root'), join(directory, 'run')];
    await mkdir(join(directory, 'elsewhere'), { mode: 0o700 });
    await symlink('elsewhere', root);
    await mkdir(run, { mode: 0o711 });
    const hidden = await hostHidden({ root, run });
    expect(hidden).to.deep.include.members([
      { target: root, mode: 0o700 },
      { target: run, mode: 0o711 },
    ]);
  });

  it('is what lies on the root file system, and once', async () => {
    const hidden = await hostHidden({ root: '/home/orlop', run: '/proc/self' });
    expect(hidden.map(({ target }) => target)).not.to.include.members(['/home/orlop']);
    expect(hidden.map(({ target }) => target)).not.to.include.members(['/proc/self']);
  });
});
