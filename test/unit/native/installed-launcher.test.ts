import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { lookAtInstalled } from '../../../ts/native/installed-launcher.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the launcher that is installed', () => {
  const directory = temporaryDirectory();
  // A file of root, in directories of root.
  const own = '/usr/bin/env';

  it('is executed if it is the same, and nobody but root can replace it', () => {
    expect(lookAtInstalled(own, own)).to.deep.equal({ state: 'same' });
    expect(lookAtInstalled(own, '/etc/passwd')).to.deep.equal({ state: 'other' });
    expect(lookAtInstalled(own, join(directory(), 'none'))).to.deep.equal({ state: 'none' });
  });

  it('is not behind a link that another can replace', () => {
    const link = join(directory(), 'link');
    symlinkSync(own, link);
    expect(lookAtInstalled(own, link)).to.include({ state: 'unsafe' });
  });
});
