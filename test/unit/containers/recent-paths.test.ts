import { expect } from 'chai';
import { RecentPaths } from '../../../ts/containers/recent-paths.ts';

describe('paths that starts have looked up lately', () => {
  it('are those of the last start, then those of the ones before it, each once', () => {
    const recent = new RecentPaths(8);
    expect(recent.add('kind', ['/a', '/b'])).to.deep.equal(['/a', '/b']);
    expect(recent.add('kind', ['/a', '/c'])).to.deep.equal(['/a', '/c', '/b']);
    expect(recent.add('kind', ['/a', '/b'])).to.deep.equal(['/a', '/b', '/c']);
    expect(recent.add('other', ['/d'])).to.deep.equal(['/d']);
  });

  it('are those of four starts that differ, however often each was made', () => {
    const recent = new RecentPaths(8);
    for (const path of ['/1', '/2', '/2', '/2', '/3', '/4']) recent.add('kind', [path]);
    expect(recent.add('kind', ['/5'])).to.deep.equal(['/5', '/4', '/3', '/2']);
  });

  it('are not more than are looked up in a moment, but always all of the last start', () => {
    const recent = new RecentPaths(8);
    const many = (name: string) => Array.from({ length: 400 }, (_, index) => `/${name}/${index}`);
    recent.add('kind', many('a'));
    expect(recent.add('kind', many('b')))
      .to.have.length(512)
      .and.to.include.members(many('b'));
    const all = [...many('c'), ...many('d')];
    expect(recent.add('kind', all)).to.deep.equal(all);
  });

  it('are kept for as many kinds as are made ahead', () => {
    const recent = new RecentPaths(2);
    for (const kind of ['a', 'b', 'c']) recent.add(kind, ['/old']);
    expect(recent.add('a', ['/new'])).to.deep.equal(['/new']);
    expect(recent.add('c', ['/new'])).to.deep.equal(['/new', '/old']);
  });
});
