import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSite } from '../../../ts/native/open-site.ts';
import { Store } from '../../../ts/store/store.ts';
import { busyboxArchive } from '../../support/busybox.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

describe('a change of the images that waits for another program', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const changes: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    tag: (signal) => fixture().orlop.images.tag('busybox', 'other', { signal }),
    remove: (signal) => fixture().orlop.images.remove('busybox', { signal }),
    import: (signal) =>
      fixture().orlop.images.import(busyboxArchive(fixture().directory), { reference: 'new', signal }),
    load: (signal) => fixture().orlop.images.load(join(fixture().directory, 'saved.tar'), { signal }),
    commit: async (signal) => {
      const container = await fixture().orlop.create('busybox', ['true']);
      return container.commit('committed', { signal }).finally(() => container.remove());
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`ends by its signal, with nothing changed: ${name}`, async () => {
      const { orlop, root, run, directory } = fixture();
      const descriptor = openSync(join(directory, 'saved.tar'), 'w');
      await orlop.images.save(['busybox'], { descriptor }).finally(() => closeSync(descriptor));
      const before = await orlop.images.list();
      const store = await Store.open({ root, run, native: await openSite() });
      const lock = await store.lock('image', 'records', 'shared');
      try {
        const controller = new AbortController();
        const changed = refusal(change(controller.signal));
        // The wait lasts as long as the other program has the lock.
        setTimeout(() => controller.abort(), 200);
        expect(await changed).to.include({ code: 'ORLOP_E_ABORTED' });
      } finally {
        await lock.release();
        await store.close();
      }
      expect(await orlop.images.list()).to.deep.equal(before);
    });
  }
});
