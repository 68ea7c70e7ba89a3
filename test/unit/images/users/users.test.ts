import { expect } from 'chai';
import fc from 'fast-check';
import { RequestError } from '../../../../ts/errors/index.ts';
import type { ResolvedUser } from '../../../../ts/images/types.ts';
import { findUser, parseGroup, parseId, parsePasswd } from '../../../../ts/images/users/users.ts';

const database = {
  users: parsePasswd(
    [
      'root:x:0:0:root:/root:/bin/sh',
      'app:x:1000:1001:App,,,:/home/app:/bin/sh',
      '2000:x:0:0:looks like a number:/root:/bin/sh',
      'nohome:x:1002:1002::relative:/bin/sh',
      'short:x:1003:1003',
      '# comment:x:0:0:::',
      'broken:x:1x:0::/:',
      'huge:x:4294967296:0::/:',
      ':x:0:0::/:',
      '',
    ].join('\n'),
  ),
  groups: parseGroup(
    ['root:x:0:', 'app:x:1001:', 'wheel:x:10:root,app', 'audio:x:29:app', 'twice:x:10:app', 'bad:x:x:app', ''].join(
      '\n',
    ),
  ),
};

describe('a user of an image', () => {
  const cases: readonly [spec: string, expected: ResolvedUser][] = [
    ['', { uid: 0, gid: 0, groups: [10], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [10], home: '/root' }],
    ['0', { uid: 0, gid: 0, groups: [10], home: '/root' }],
    ['app', { uid: 1000, gid: 1001, groups: [10, 29], home: '/home/app' }],
    ['1000', { uid: 1000, gid: 1001, groups: [10, 29], home: '/home/app' }],
    ['app:audio', { uid: 1000, gid: 29, groups: [], home: '/home/app' }],
    ['app:5', { uid: 1000, gid: 5, groups: [], home: '/home/app' }],
    ['1234', { uid: 1234, gid: 0, groups: [], home: '/' }],
    ['1234:1235', { uid: 1234, gid: 1235, groups: [], home: '/' }],
    ['4294967294:4294967294', { uid: 4294967294, gid: 4294967294, groups: [], home: '/' }],
    ['2000', { uid: 2000, gid: 0, groups: [], home: '/' }],
    ['nohome', { uid: 1002, gid: 1002, groups: [], home: '/' }],
    ['short', { uid: 1003, gid: 1003, groups: [], home: '/' }],
  ];
  for (const [spec, expected] of cases) {
    it(`is found for '${spec}'`, () => {
      expect(findUser(spec, database, 'image')).to.deep.equal(expected);
    });
  }

  it('needs no files when it is a number', () => {
    const empty = { users: [], groups: [] };
    expect(findUser('', empty, 'image')).to.deep.equal({ uid: 0, gid: 0, groups: [], home: '/' });
    expect(findUser('7:8', empty, 'image')).to.deep.equal({ uid: 7, gid: 8, groups: [], home: '/' });
  });

  const refused: readonly [spec: string, why: RegExp][] = [
    ['nobody', /image 'image' has no user 'nobody' in its \/etc\/passwd/],
    ['app:staff', /has no group 'staff' in its \/etc\/group/],
    ['broken', /no user 'broken'/],
    ['huge', /no user 'huge'/],
    ['1x', /'1x' is not a user ID/],
    ['-1', /not a user ID/],
    ['+1', /not a user ID/],
    ['1.5', /not a user ID/],
    ['0x10', /not a user ID/],
    ['4294967295', /not a user ID/],
    ['4294967296', /not a user ID/],
    ['99999999999999999999', /not a user ID/],
    ['1:1x', /'1x' is not a group ID/],
    [':', /is not a user/],
    [':0', /is not a user/],
    ['root:', /is not a user/],
    ['a:b:c', /is not a user/],
    [' root', /no user/],
  ];
  for (const [spec, why] of refused) {
    it(`is refused for '${spec}'`, () => {
      expect(() => findUser(spec, database, 'image'))
        .to.throw(RequestError, why)
        .with.property('code', 'ORLOP_E_NO_USER');
    });
  }

  it('has an ID in range whatever the files hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'root:x019-\n,#/\0 '), maxLength: 80 }),
        fc.string(),
        (text, spec) => {
          let user: ResolvedUser;
          try {
            user = findUser(spec, { users: parsePasswd(text), groups: parseGroup(text) }, 'image');
          } catch (error) {
            expect(error).to.be.instanceOf(RequestError);
            return;
          }
          for (const id of [user.uid, user.gid, ...user.groups]) expect(parseId(String(id))).to.equal(id);
          expect(user.home).to.match(/^\//);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
