import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { storesOfRoot } from '../../../ts/store/known-stores.ts';
import { Store } from '../../../ts/store/store.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { requires } from '../../support/require.ts';
import { runDirectory } from '../../support/run-directory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the stores of root', () => {
  requires('root');
  const directory = temporaryDirectory();

  it('are the usual one with its run directory, and those that were opened elsewhere', async () => {
    const root = join(directory(), 'root');
    try {
      const store = await Store.open({ root, native: fakeNative() });
      expect(await storesOfRoot()).to.include.members(['/var/lib/orlop', '/run/orlop', root]);
      await store.close();
    } finally {
      rmSync(runDirectory(root), { recursive: true, force: true });
    }
  });
});
