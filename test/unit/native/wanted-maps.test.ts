import { expect } from 'chai';
import { capabilityNames } from '../../../ts/linux/capabilities.ts';
import { formatMap } from '../../../ts/native/ids.ts';
import { type MapFacts, rangesOf, wantedMaps } from '../../../ts/native/wanted-maps.ts';

const passwd = 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n';
const alice: MapFacts = {
  uid: 1000,
  gid: 1000,
  capabilities: [],
  own: { users: '0 0 4294967295', groups: '0 0 4294967295' },
  files: { passwd, user: 'alice:100000:65536', group: 'alice:100000:65536' },
  helpers: { newuidmap: '/usr/bin/newuidmap', newgidmap: '/usr/bin/newgidmap' },
};
const root: MapFacts = { ...alice, uid: 0, gid: 0, capabilities: capabilityNames };

const users = (facts: MapFacts) => wantedMaps(facts).ways.map((way) => formatMap(way.users));

describe('the user namespace that a caller gets', () => {
  it('has the ranges that are assigned to the name of the account', () => {
    const files = { passwd, user: 'alice:100000:65536', group: 'bob:1:65536\n1000:300000:65536' };
    const ranges = rangesOf({ uid: 1000, gid: 100 }, files);
    expect(formatMap(ranges.users)).to.equal('0 1000 1\n1 100000 65535\n');
    expect(formatMap(ranges.groups)).to.equal('0 100 1\n1 300000 65535\n');
  });

  it('is tried with a range, and then with one ID', () => {
    const { ways, narrow } = wantedMaps(alice);
    expect(ways.map(({ newuidmap }) => newuidmap)).to.deep.equal(['/usr/bin/newuidmap', '']);
    expect(users(alice)).to.deep.equal(['0 1000 1\n1 100000 65535\n', '0 1000 1\n']);
    expect(narrow).to.equal(null);
  });

  for (const [what, facts, narrow] of [
    ['no users are assigned', { ...alice, files: { ...alice.files, user: '' } }, /subuid assigns no range/],
    ['no groups are assigned', { ...alice, files: { ...alice.files, group: '' } }, /subgid assigns no range/],
    ['a helper is missing', { ...alice, helpers: { ...alice.helpers, newgidmap: '' } }, /^newgidmap cannot be found$/],
  ] as const) {
    it(`has one ID where ${what}`, () => {
      expect(users(facts)).to.deep.equal(['0 1000 1\n']);
      expect(wantedMaps(facts).narrow).to.match(narrow);
    });
  }

  it('has the IDs of the container around for its root, without a helper', () => {
    const nested = { ...root, own: { users: '0 100000 65536\n65536 300000 10\n', groups: '0 100000 65536\n' } };
    expect(users(nested)).to.deep.equal(['0 0 65536\n65536 65536 10\n', '0 0 1\n']);
    expect(wantedMaps(nested).ways[0]?.newuidmap).to.equal('');
  });

  it('has one ID for a root that cannot change IDs', () => {
    const bare = { ...root, capabilities: ['CAP_SETGID'] as const };
    expect(users(bare)).to.deep.equal(['0 0 1\n']);
    expect(wantedMaps(bare).narrow).to.equal('root has no CAP_SETUID');
  });
});
