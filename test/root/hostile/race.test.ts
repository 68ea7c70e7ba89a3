import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LaunchError } from '../../../ts/errors/index.ts';
import { listing } from '../../support/cli-store.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { Disturber } from '../../support/trees.ts';

describe('a volume that somebody else changes while containers start with it', function () {
  this.timeout(600_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** What became of `starts` starts: the output, or the error's code. */
  async function outcomes(
    starts: number,
    argv: readonly string[],
    volumes: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (let start = 0; start < starts; start++) {
      const outcome = await fixture()
        .orlop.run('busybox', argv, { volumes })
        .then(
          ({ exitCode, stdout, stderr }) => `${exitCode} ${stdout}${stderr}`.trim(),
          (error: unknown) => {
            if (error instanceof LaunchError) return error.code;
            throw error;
          },
        );
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return counts;
  }

  it('never makes it run the binary of the caller', async () => {
    const race = join(fixture().directory, 'program');
    mkdirSync(race);
    copyFileSync('/bin/busybox', join(race, 'echo'));
    // The first start may come before the first swap.
    symlinkSync('echo', join(race, 'app'));
    await using disturber = new Disturber(
      race,
      `fs.symlinkSync('echo', top + '/new'); fs.renameSync(top + '/new', top + '/app');
       fs.symlinkSync('/proc/self/exe', top + '/new'); fs.renameSync(top + '/new', top + '/app');`,
    );
    const counts = await outcomes(120, ['/v/app'], [`${race}:/v`]);
    expect(disturber.rounds).to.be.greaterThan(100);
    expect([...counts.keys()].sort()).to.deep.equal(['127 app: applet not found', 'EACCES']);
  });

  it('never leads the mount of another volume out of the container', async () => {
    const { directory } = fixture();
    const [race, victim, inner] = ['outer', 'victim', 'inner'].map((name) => join(directory, name));
    for (const path of [race, victim, inner]) mkdirSync(path ?? '');
    mkdirSync(join(victim ?? '', 'directory'));
    writeFileSync(join(victim ?? '', 'file'), 'precious');
    const before = listing(victim ?? '');
    const ways = [
      '/etc',
      '/nowhere/at/all',
      '/proc/self/root',
      '/proc/self/cwd',
      `${victim}`,
      `../../../..${victim}`,
      '..',
    ];
    // A link to each of them for a moment, and nothing at all for a moment, in which a start makes a directory.
    const gone = `fs.rmSync(top + '/sub', { recursive: true, force: true });`;
    const swaps = ways.map((way) => `${gone} fs.symlinkSync(${JSON.stringify(way)}, top + '/sub');\n${gone}`);
    await using disturber = new Disturber(race ?? '', swaps.join('\n'));
    const script = 'for n in /outer/sub/victim* /outer/sub/file; do [ -e $n ] && echo outside; done; true';
    const counts = await outcomes(200, ['sh', '-c', script], [`${race}:/outer`, `${inner}:/outer/sub`]);
    expect(disturber.rounds).to.be.greaterThan(100);
    expect([...counts.keys()]).to.include('0');
    expect([...counts.keys()].filter((outcome) => !/^(0|E[A-Z]+)$/.test(outcome))).to.deep.equal([]);
    expect(listing(victim ?? '')).to.deep.equal(before);
  });
});
