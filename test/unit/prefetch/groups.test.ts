import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Group } from '../../../ts/cgroups/group.ts';
import type { Branch } from '../../../ts/cgroups/place.ts';
import { defaultDeviceRules } from '../../../ts/linux/device-rules.ts';
import { Groups, type Limited } from '../../../ts/prefetch/groups.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const held = { limits: {}, devices: defaultDeviceRules };

describe('the cgroups of the next containers', () => {
  const directory = temporaryDirectory();
  /** Directories of a file system that stand for cgroups of version 2. */
  const parent = () => join(directory(), 'orlop');
  const made = () => (existsSync(parent()) ? readdirSync(parent()) : []);

  function groupsOf(prefetches: boolean): Groups {
    const branch: Branch = { version: 2, base: directory(), parent: parent(), controllers: [] };
    const place = { branches: [branch], missing: () => ({ why: '', hint: '' }) };
    mkdirSync(parent());
    return new Groups(
      fakeNative(),
      () => prefetches,
      () => place,
    );
  }

  const taken = (limited: Limited | null) => limited as Limited;
  const open = (limited: Limited | null) => taken(limited).group.forLaunch(taken(limited).settings).cgroup;

  it('are made anew when another program has removed those that wait', async () => {
    const groups = groupsOf(true);
    const first = [await groups.take(held), await groups.take(held)];
    await until('two wait', () => made().length === 4);
    const used = new Set(first.map((limited) => open(limited)));
    expect(used.size).to.equal(2);
    for (const limited of first) groups.release(taken(limited));
    await until('they are removed', () => made().length === 2);
    for (const name of made()) rmdirSync(join(parent(), name));
    const next = await groups.take(held);
    expect(open(next)).to.be.a('number');
    expect(made()).to.have.length(1);
    groups.release(taken(next));
    await groups.close();
    expect(made()).to.deep.equal([]);
  });

  it('are removed again when they cannot be opened', async () => {
    const groups = groupsOf(false);
    const { open: opens } = Group.prototype;
    Group.prototype.open = () => {
      throw Object.assign(new Error('too many'), { code: 'EMFILE' });
    };
    try {
      const error = await groups.take(held).catch(({ code }) => code);
      expect(error).to.equal('EMFILE');
    } finally {
      Group.prototype.open = opens;
    }
    await until('it is removed', () => made().length === 0);
    await groups.close();
  });
});
