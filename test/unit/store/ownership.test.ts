import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { type IdMap, mapOf, sameIds } from '../../../ts/native/ids.ts';
import { noRights, type Rights, rootRights } from '../../../ts/native/rights.ts';
import { checkOwnership } from '../../../ts/store/ownership.ts';
import { refusal } from '../../support/refusal.ts';

const one = mapOf('', 1000, []);
const range = mapOf('a:100000:65536', 1000, ['a']);
const another = mapOf('a:300000:65536', 1000, ['a']);

function user(users: IdMap, groups = users, narrow: string | null = null): Rights {
  return { kind: 'user', userNamespace: 9, launcher: true, launcherPid: 7, users, groups, narrow };
}

describe('the owners of the files of a store', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'orlop-test-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const ranges = user(range);
  const narrow = user(one, one, 'newuidmap cannot be found');

  for (const [what, first, second, message, hint] of [
    ['a user after root', rootRights, ranges, /all IDs of the machine's root; now .* user IDs 1000, 100000/, /as root/],
    ['root after a user', ranges, rootRights, /user IDs 1000, 100000 to 165534; now .* machine's root$/, /as before/],
    ['one ID after a range', ranges, narrow, /now the caller has one user ID, 1000$/, /^newuidmap cannot be found;/],
    ['another range', ranges, user(another), /now the caller has user IDs 1000, 300000/, /subuid/],
    ['another group', ranges, user(range, mapOf('', 998, [])), /one group ID, 998$/, /same group/],
    [
      'root of a container after root',
      rootRights,
      user(sameIds(rootRights.users)),
      /user IDs 0 to 4294967294$/,
      /root/,
    ],
  ] as const) {
    it(`keep ${what} out, and the error says what to do`, async () => {
      await checkOwnership(root, first);
      const error = await refusal(checkOwnership(root, second));
      expect(error.code).to.equal('ORLOP_E_STORE');
      expect(error.message).to.match(message);
      expect(error.hint).to.match(hint);
      // It is as before for the first caller.
      await checkOwnership(root, first);
    });
  }

  it('may become a range after one ID, and not the reverse', async () => {
    await checkOwnership(root, narrow);
    await checkOwnership(root, ranges);
    expect((await refusal(checkOwnership(root, narrow))).code).to.equal('ORLOP_E_STORE');
  });

  it('are not looked at by a caller who can make no container', async () => {
    await checkOwnership(root, ranges);
    await checkOwnership(root, noRights(new RequestError('ORLOP_E_PERMISSION', 'no')));
    expect(JSON.parse(readFileSync(join(root, 'ownership.json'), 'utf8'))).to.include({ version: 1, marks: 'user' });
  });

  it('are unknown where the record is damaged, which is an error', async () => {
    writeFileSync(join(root, 'ownership.json'), '{"version":1}');
    expect((await refusal(checkOwnership(root, ranges))).code).to.equal('ORLOP_E_DAMAGED');
  });
});
