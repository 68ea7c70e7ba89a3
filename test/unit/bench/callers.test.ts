import { expect } from 'chai';
import { named } from '../../../bench/contestants/contestant.ts';
import { ociConfig } from '../../../bench/contestants/oci.ts';
import { placeIn } from '../../../bench/ground/ground.ts';
import { memoryIn } from '../../../bench/measure/processes.ts';

const container = { mounts: 'full', network: true, upper: 'disk', volumes: 1, layers: 1 } as const;

describe('the callers of the benchmark', () => {
  it('have rows of their own for the same contestant', () => {
    const contestant = { id: 'orlop-run', label: 'run()' };
    expect(named(contestant, 'root')).to.deep.equal({ contestant: 'orlop-run', label: 'run()' });
    expect(named(contestant, 'user')).to.deep.equal({
      contestant: 'orlop-run-user',
      label: 'run(), as an ordinary user',
    });
  });

  it('have places of their own, with a disk and a memory each', () => {
    const paths = ({ stores, scratch, layers }: ReturnType<typeof placeIn>) => [
      ...[stores.disk.root, stores.memory.root],
      ...[scratch.disk, scratch.memory, layers.disk, layers.memory],
    ];
    const [root, user] = [paths(placeIn('/b')), paths(placeIn('/b/user'))];
    expect(new Set([...root, ...user]).size).to.equal(12);
    expect([...root, ...user].filter((path) => path.includes('/m/'))).to.have.length(6);
    for (const path of user) expect(path).to.match(/^\/b\/user\//);
  });

  it('ask a runtime for a terminal group only where it is mapped', () => {
    const config = (caller: 'root' | 'user') => JSON.stringify(ociConfig({ source: '/s', caller }, container));
    expect(config('root')).to.include('"gid=5"');
    expect(config('user')).to.include('"/dev/pts"').and.not.include('gid=5');
  });
});

describe('the memory of a process', () => {
  const rollup = 'Rss:  1536 kB\nPss:       1500 kB\nPss_Anon: 7 kB\nAnonymous:  512 kB\nLazyFree: 0 kB\n';

  it('is what is resident, and what it has written', () => {
    expect(memoryIn(rollup)).to.deep.equal({ resident: 1.5, anonymous: 0.5 });
  });

  it('is not nothing where it cannot be read', () => {
    expect(() => memoryIn('')).to.throw("no 'Rss'");
  });
});
