import { expect } from 'chai';
import type { LauncherRefusal } from '../../../ts/native/contract.ts';
import { formatMap } from '../../../ts/native/ids.ts';
import { explain, rangesOf } from '../../../ts/native/user-site.ts';

const passwd = 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n';

function refusal(step: number, code: string, text = ''): LauncherRefusal {
  return Object.assign(new Error(`${code}: refused, unshare`), { step, code, text });
}

describe('a caller who is not root', () => {
  it('has the ranges that are assigned to the name of the account', () => {
    const files = { passwd, user: 'alice:100000:65536', group: 'bob:1:65536\n1000:300000:65536' };
    const { users, groups } = rangesOf({ uid: 1000, gid: 100 }, files);
    expect(formatMap(users)).to.equal('0 1000 1\n1 100000 65535\n');
    expect(formatMap(groups)).to.equal('0 100 1\n1 300000 65535\n');
  });

  const cases: readonly [string, LauncherRefusal, RegExp][] = [
    ['no user namespaces are allowed', refusal(1, 'ENOSPC'), /user\.max_user_namespaces/],
    ['a sandbox forbids them', refusal(1, 'EPERM'), /container around/],
    ['their maps cannot be written', refusal(3, 'EPERM'), /AppArmor/],
    ['they have no capabilities', refusal(4, 'EPERM'), /AppArmor/],
    ['their mounts cannot be changed', refusal(5, 'EACCES'), /AppArmor/],
    ['a helper fails', refusal(2, 'EPERM', 'newuidmap: uid range not allowed\n'), /orlop doctor/],
  ];
  for (const [what, refused, hint] of cases) {
    it(`is told what to do where ${what}`, () => {
      const error = explain(refused);
      expect(error.code).to.equal('ORLOP_E_PERMISSION');
      expect(error.message).to.include('refused, unshare').and.include(refused.text.trim());
      expect(error.hint).to.match(hint).and.match(/sudo/);
    });
  }
});
