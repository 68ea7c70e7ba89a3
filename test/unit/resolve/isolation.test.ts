import { expect } from 'chai';
import { mapOf } from '../../../ts/native/ids.ts';
import type { IsolationName } from '../../../ts/native/isolation-types.ts';
import { type Rights, rootRights } from '../../../ts/native/rights.ts';
import type { UserNamespace } from '../../../ts/request/user-namespace.ts';
import { refuseHostSystem, refuseSettings, refuseWeaker } from '../../../ts/resolve/isolation.ts';
import { request } from '../../support/records.ts';
import { refusalOf } from '../../support/refusal.ts';

const users = mapOf('alice:100000:65536', 1000, ['alice']);
const user: Rights = {
  kind: 'user',
  userNamespace: 9,
  launcher: true,
  launcherPid: 7,
  users,
  groups: users,
  narrow: null,
};
const own: UserNamespace = { first: null, size: 65536 };
const chosen = (id: number, group = id): UserNamespace => ({ first: { user: id, group }, size: 65536 });

describe('the users of a container of root, beside what is asked for', () => {
  const refused: readonly [what: string, userns: UserNamespace, floor: IsolationName, refused: boolean][] = [
    ['those of the machine', 'host', 'user', true],
    ['those of the machine', 'host', 'ids', true],
    ['a range of its own', own, 'user', false],
    ['a range of its own', own, 'ids', false],
    ['all IDs under their numbers', chosen(0), 'user', true],
    ['a group of the machine', chosen(1000, 0), 'user', true],
    ['a range that the caller chose', chosen(1000), 'user', false],
    ['a range that the caller chose, and others may have', chosen(1000), 'ids', true],
  ];
  for (const [what, userns, name, expected] of refused) {
    it(`${expected ? 'refused' : 'taken'} with the isolation '${name}': ${what}`, () => {
      // Whether the container or all of the runtime ask for it.
      for (const [floor, isolation] of [
        [[name], []],
        [[], [name]],
      ] as const) {
        const act = () => refuseWeaker(request({ userns, isolation }), floor, rootRights);
        if (expected)
          expect(refusalOf(act))
            .to.include({ code: 'ORLOP_E_ISOLATION' })
            .and.have.property('message')
            .that.includes(`'${name}'`);
        else act();
      }
    });
  }
});

describe("the caller's /proc in a container", () => {
  const { security } = request();
  const sharing = (userns: UserNamespace) => request({ userns, security: { ...security, systemPaths: 'host' } });

  it('is refused for root, whose container could reach the files of other processes by it', () => {
    expect(refusalOf(() => refuseHostSystem(sharing('host'), rootRights)))
      .to.include({ code: 'ORLOP_E_INPUT' })
      .and.have.property('hint')
      .that.includes('--userns auto');
  });

  it('is allowed in a user namespace: the kernel keeps processes of another apart', () => {
    refuseHostSystem(sharing(own), rootRights);
    refuseHostSystem(sharing('host'), user);
    refuseHostSystem(request({ userns: 'host' }), rootRights);
  });
});

describe('a setting in a file of root of the machine', () => {
  const domain = [{ name: 'kernel.domainname', value: 'x' }];

  it('is the OOM score, which a container of an ordinary user cannot have of its own', () => {
    const error = refusalOf(() => refuseSettings(request({ userns: 'host', oomScoreAdj: 500 }), user));
    expect(error).to.include({ code: 'ORLOP_E_PERMISSION' });
    expect(error.hint).to.contain('choom -n 500');
    expect(refusalOf(() => refuseSettings(request({ userns: 'host', oomScoreAdj: -5 }), user)).hint).not.to.contain(
      'choom',
    );
    refuseSettings(request({ userns: 'host', oomScoreAdj: 500 }), rootRights);
    refuseSettings(request({ userns: own, oomScoreAdj: 500 }), rootRights);
  });

  it('is the domain name, in each user namespace', () => {
    for (const [userns, rights] of [
      ['host', user],
      [own, rootRights],
    ] as const) {
      const error = refusalOf(() => refuseSettings(request({ userns, sysctls: domain }), rights));
      expect(error).to.include({ code: 'ORLOP_E_PERMISSION' });
    }
    refuseSettings(request({ userns: 'host', sysctls: domain }), rootRights);
    const one = [{ name: 'kernel.msgmax', value: '1' }];
    const shared = refusalOf(() => refuseSettings(request({ userns: own, sysctls: one, pid: 'host' }), rootRights));
    expect(shared.code).to.equal('ORLOP_E_PERMISSION');
    refuseSettings(request({ userns: 'host', sysctls: one, pid: 'host' }), rootRights);
    refuseSettings(request({ userns: own, sysctls: one }), rootRights);
  });
});
