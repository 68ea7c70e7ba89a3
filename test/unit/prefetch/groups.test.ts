import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Group } from '../../../ts/cgroups/group.ts';
import type { Branch, Place } from '../../../ts/cgroups/place.ts';
import type { Controller } from '../../../ts/cgroups/settings.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import { defaultDeviceRules } from '../../../ts/linux/device-rules.ts';
import { Groups, type Limited } from '../../../ts/prefetch/groups.ts';
import type { Limits } from '../../../ts/request/limits.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { refusalOf } from '../../support/refusal.ts';
import { temporaryDirectory, until } from '../../support/temporary.ts';

const held = { limits: {}, devices: defaultDeviceRules };

describe('the cgroups of the next containers', () => {
  const directory = temporaryDirectory();
  /** Directories of a file system that stand for cgroups of version 2. */
  const parent = () => join(directory(), 'orlop');
  const made = () => (existsSync(parent()) ? readdirSync(parent()) : []);

  function groupsOf(prefetches: boolean, other: Partial<Branch> = {}): Groups {
    const branch: Branch = { version: 2, base: directory(), parent: parent(), controllers: [], ...other };
    const place = { branches: [branch], missing: () => ({ why: 'it is not delegated', hint: '' }) };
    mkdirSync(parent());
    return new Groups(fakeNative(), () => prefetches, { find: () => place, widen: (one) => one });
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

  it('are refused to a container that only a cgroup ends, where it can have none', async () => {
    const groups = groupsOf(false, { version: 1, controllers: ['cpu'] });
    groups.check({});
    const error = refusalOf(() => groups.check({}, true));
    expect(error.code).to.equal('ORLOP_E_LIMIT');
    expect(error.message).to.match(/^'--pid host' takes a control group .*: it is not delegated$/);
    expect(error.hint).to.contain('Delegate=yes');
    await groups.close();
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

  describe('of a user', () => {
    const lacking = {
      branches: [],
      missing: (one: string) => ({ why: `'${one}' is not delegated`, hint: 'log in' }),
    } satisfies Place;

    /** Groups of a user, and the controllers for which each wider place was asked. */
    function scoped(controllers: readonly Controller[]) {
      const asked: (readonly Controller[])[] = [];
      const branch: Branch = { version: 2, base: directory(), parent: parent(), controllers };
      mkdirSync(parent());
      for (const name of ['pids.max', 'memory.max', 'memory.oom.group', 'memory.swap.max']) {
        writeFileSync(join(parent(), name), '');
      }
      const widen = (place: Place, needed: readonly Controller[]): Place => {
        asked.push(needed);
        return needed.every((one) => controllers.includes(one)) ? { ...place, branches: [branch] } : place;
      };
      return { asked, groups: new Groups(fakeNative(), () => false, { find: () => lacking, widen }) };
    }

    it('ask for a wider place only for a limit that was asked for, and once', async () => {
      const { asked, groups } = scoped(['memory', 'pids']);
      const unlimited = { limits: {}, devices: defaultDeviceRules };
      const limitedBy = (limits: Limits) => ({ ...unlimited, limits });
      expect(await groups.take(unlimited)).to.equal(null);
      groups.check({ cgroupParent: '/', pids: 'max' });
      expect(asked).to.deep.equal([]);
      const limited = taken(await groups.take(limitedBy({ memory: 64 << 20 })));
      expect(limited.settings.map(({ file }) => file)).to.include.members(['memory.max', 'pids.max']);
      const other = taken(await groups.take(limitedBy({ memory: 32 << 20, pids: 9 })));
      expect(asked).to.deep.equal([['memory']]);
      // The default limit of processes holds now too, of requests that came before.
      const third = taken(await groups.take(unlimited));
      expect(third.settings.map(({ file }) => file)).to.deep.equal(['pids.max']);
      for (const one of [limited, other, third]) groups.release(one);
      await groups.close();
    });

    it('ask for one where nothing counts the time of processors', async () => {
      const { asked, groups } = scoped([]);
      groups.check({ cpuTime: 5 });
      expect(asked).to.deep.equal([[]]);
      await groups.close();
    });

    it('ask for one for a container that its cgroup has to end', async () => {
      const { asked, groups } = scoped([]);
      groups.check({}, true);
      groups.check({}, true);
      expect(asked).to.deep.equal([[]]);
      await groups.close();
    });

    it('refuse what the wider place lacks too, and ask for none where the caller chose', async () => {
      const { asked, groups } = scoped(['memory']);
      const refused = /^the share of disks cannot be held: 'io' is not delegated$/;
      expect(() => groups.check({ blkioWeight: 100 })).to.throw(RequestError, refused);
      expect(() => groups.check({ memory: 64 << 20, cgroupParent: '/mine' })).to.throw(RequestError, 'memory');
      expect(asked).to.deep.equal([['io']]);
      await groups.close();
    });
  });
});
