import { expect } from 'chai';
import { Group } from '../../../ts/cgroups/group.ts';
import type { Change } from '../../../ts/native/contract.ts';
import { fakeNative } from '../../support/fake-native.ts';

describe('the cgroups of a container', () => {
  it('are removed although the thread in them takes long to leave', async () => {
    const changes: (readonly Change[])[] = [];
    const native = fakeNative({
      openSeat: async () => 7,
      closeSync: () => {},
      changeLater: async (batch: readonly Change[]) => {
        changes.push(batch);
        if (changes.length < 10) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      },
    });
    const branch = { version: 1, parent: '/cgroup/orlop', base: '/cgroup', controllers: ['pids'] } as const;
    const group = await Group.make(native, [branch]);
    await group.remove();
    expect(changes).to.have.length(10);
    expect(new Set(changes.map((batch) => batch.map(([kind]) => kind).join()))).to.deep.equal(new Set(['rmdir']));
  });
});
