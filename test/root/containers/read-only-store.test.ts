import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';

describe('a store on a read-only file system', function () {
  this.timeout(60_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop({}, (root) => execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', root]));
  const remount = (how: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${how}`, fixture().root]);

  it('can be read, also after a reboot, and says why it cannot be written', async () => {
    const { id } = await fixture().orlop.create('busybox', ['true'], { volumes: ['data:/v'] });
    await fixture().settle();
    rmSync(join(fixture().root, 'boot.json'));
    remount('ro');
    const out = openSync(join(fixture().directory, 'out.tar'), 'w');
    try {
      const orlop = await Orlop.open(fixture());
      const container = await orlop.container(id);
      expect((await orlop.containers.list({ all: true })).items).to.have.length(1);
      expect((await orlop.images.list()).items).to.have.length(1);
      expect((await orlop.volumes.list()).items).to.have.length(1);
      expect(await container.diff()).to.deep.equal([]);
      await container.export(out);
      const writes = {
        create: () => orlop.create('busybox', ['true']),
        run: () => orlop.run('busybox', ['true']),
        remove: () => container.remove(),
        commit: () => container.commit('other'),
        tag: () => orlop.images.tag('busybox', 'other'),
        'remove an image': () => orlop.images.remove('busybox', { force: true }),
        save: () => orlop.images.save(['busybox'], { descriptor: out }),
        'create a volume': () => orlop.volumes.create('other'),
        'remove a volume': () => container.remove({ force: true, volumes: true }),
      };
      for (const [what, write] of Object.entries(writes)) {
        const error = await refusal(write());
        expect(error.code, what).to.equal('ORLOP_E_STORE');
        expect(error.message, what).to.contain(`'${fixture().root}' cannot be written`);
      }
      await orlop.close();
    } finally {
      closeSync(out);
      remount('rw');
    }
    await (await fixture().orlop.container(id)).remove({ volumes: true });
  });
});
