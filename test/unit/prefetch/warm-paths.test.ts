import { expect } from 'chai';
import { WarmPaths } from '../../../ts/prefetch/warm-paths.ts';

describe('paths that starts have looked up lately', () => {
  it('are those of the last start, then those of the ones before it, each once', () => {
    const warm = new WarmPaths(8);
    expect(warm.add('kind', ['/a', '/b'])).to.deep.equal(['/a', '/b']);
    expect(warm.add('kind', ['/a', '/c'])).to.deep.equal(['/a', '/c', '/b']);
    expect(warm.add('kind', ['/a', '/b'])).to.deep.equal(['/a', '/b', '/c']);
    expect(warm.add('other', ['/d'])).to.deep.equal(['/d']);
  });

  it('are those of four starts that differ, however often each was made', () => {
    const warm = new WarmPaths(8);
    for (const path of ['/1', '/2', '/2', '/2', '/3', '/4']) warm.add('kind', [path]);
    expect(warm.add('kind', ['/5'])).to.deep.equal(['/5', '/4', '/3', '/2']);
  });

  it('are not more than are looked up in a moment, but always all of the last start', () => {
    const warm = new WarmPaths(8);
    const many = (name: string) => Array.from({ length: 400 }, (_, index) => `/${name}/${index}`);
    warm.add('kind', many('a'));
    expect(warm.add('kind', many('b')))
      .to.have.length(512)
      .and.to.include.members(many('b'));
    const all = [...many('c'), ...many('d')];
    expect(warm.add('kind', all)).to.deep.equal(all);
  });

  it('are kept for as many kinds as are prefetched', () => {
    const warm = new WarmPaths(2);
    for (const kind of ['a', 'b', 'c']) warm.add(kind, ['/old']);
    expect(warm.add('a', ['/new'])).to.deep.equal(['/new']);
    expect(warm.add('c', ['/new'])).to.deep.equal(['/new', '/old']);
  });
});
