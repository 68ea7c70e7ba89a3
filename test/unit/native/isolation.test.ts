import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { type IdMap, mapOf, sameIds } from '../../../ts/native/ids.ts';
import { type IsolationFacts, isolationOf } from '../../../ts/native/isolation.ts';
import { type Isolation, isolationNames } from '../../../ts/native/isolation-types.ts';
import { noRights, type Rights, rootRights } from '../../../ts/native/rights.ts';

const kernel: IsolationFacts = {
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts', 'user'],
  seccompActions: ['kill_process', 'errno'],
  controllers: [],
};

function user(users: IdMap, narrow: string | null = null): Rights {
  return { kind: 'user', userNamespace: 9, launcher: true, launcherPid: 7, users, groups: users, narrow };
}

function held(rights: Rights, facts = kernel): string[] {
  const isolation = isolationOf(rights, facts);
  return isolationNames.filter((name) => isolation[name].holds);
}

const detail = (isolation: Isolation, name: keyof Isolation) => isolation[name].detail;

describe('the isolation that holds', () => {
  const range = user(mapOf('alice:100000:65536', 1000, ['alice']));
  const one = user(mapOf('', 1000, []), '/etc/subuid assigns no range to uid 1000');
  const nested = user(sameIds(rootRights.users));

  it('is known by name for every kind of caller', () => {
    expect(held(rootRights)).to.deep.equal(['namespaces', 'filter']);
    expect(held({ ...rootRights, launcher: true })).to.deep.equal(['namespaces', 'filter', 'process']);
    expect(held(range)).to.deep.equal(['namespaces', 'filter', 'process', 'user', 'ids']);
    expect(held(one)).to.deep.equal(['namespaces', 'filter', 'process', 'user']);
    // The container around keeps its root apart from the machine, orlop does not.
    expect(held(nested)).to.deep.equal(['namespaces', 'filter', 'process']);
    expect(held(noRights(new RequestError('ORLOP_E_PERMISSION', 'nothing')))).to.deep.equal([]);
  });

  it('says what there is, and why there is not more', () => {
    expect(detail(isolationOf(range, kernel), 'ids')).to.equal('a range of 65535 IDs from 100000 on');
    expect(detail(isolationOf(range, kernel), 'user')).to.equal('root in a container is uid 1000 of the machine');
    expect(isolationOf(one, kernel).ids)
      .to.include({ holds: false })
      .and.have.property('hint')
      .that.includes('usermod');
    expect(detail(isolationOf(one, kernel), 'ids')).to.include('/etc/subuid assigns no range');
  });

  it('is less on a kernel that lacks a part', () => {
    expect(held(range, { ...kernel, seccompActions: [] })).not.to.include('filter');
    const less = isolationOf(range, { ...kernel, namespaces: ['mnt', 'pid'] });
    expect(detail(less, 'namespaces')).to.equal('without cgroup, ipc, net, uts');
  });

  it('has cgroups where they hold memory, processors and processes', () => {
    const controllers = ['memory', 'cpu', 'cpuset', 'pids'];
    expect(held(one, { ...kernel, controllers })).to.include('cgroups');
    expect(detail(isolationOf(one, { ...kernel, controllers }), 'cgroups')).to.equal(
      'limits of memory, cpu, cpuset, pids',
    );
    const less = isolationOf(rootRights, { ...kernel, controllers: ['pids'] });
    expect(detail(less, 'cgroups')).to.equal('without memory, cpu of control groups');
  });
});
