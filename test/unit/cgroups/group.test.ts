import { expect } from 'chai';
import { Group } from '../../../ts/cgroups/group.ts';
import type { Change } from '../../../ts/native/contract.ts';
import { fakeNative } from '../../support/fake-native.ts';

describe('the cgroups of a container', () => {
  it('have other names than those of another copy of the package in the same program', async () => {
    const names = new Set<string>();
    const native = fakeNative({
      changeLater: async (batch) => {
        for (const [kind, path] of batch) if (kind === 'mkdir') names.add(path);
      },
    });
    const branch = { version: 2, parent: '/cgroup/orlop', base: '/cgroup', controllers: [] } as const;
    const copy: typeof import('../../../ts/cgroups/group.ts') = await import(`../../../ts/cgroups/group.ts?${'copy'}`);
    expect(copy.Group).to.not.equal(Group);
    for (const one of [Group, copy.Group]) for (let i = 0; i < 3; i++) await one.make(native, [branch]);
    expect(names.size).to.equal(6);
  });

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
