import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Container, Orlop, type Running } from '../../../ts/index.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { Program } from '../../support/programs.ts';
import { type Requirement, requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

/** Hosts on which a commit has to pause in another way: what hides the better one. */
const hosts: readonly [how: string, version: number | null, hide: string, ...needs: Requirement[]][] = [
  ['the freezer of cgroup v2', 2, 'true', 'cgroup-v2'],
  ['the freezer of cgroup v1', 1, 'umount -l $(findmnt -nrt cgroup2 -o TARGET)', 'freezer-v1'],
  ['signals, where no cgroup can be written', null, 'umount -l -a -t cgroup,cgroup2'],
];

/**
 * Two processes write the same number into a file each, in step: the second is never ahead, and at most one behind. A copy
 * that is made while they go on takes the files at different times: many others lie between them.
 */
const writer = `
  mkdir /a /b /an /ao /c /d; for i in $(seq 400); do echo $i | tee /an/$i /ao/$i /c/$i > /d/$i; done
  mkfifo /turn /done
  (exec 4> /done; while read n; do echo $n > /b/new; mv /b/new /b/n; echo >&4; done < /turn) &
  exec 4< /done 3> /turn
  n=0; while :; do n=$((n+1)); echo $n > /a/new; mv /a/new /a/n; echo $n >&3; read done <&4; done`;

describe('a container that runs', function () {
  this.timeout(180_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  let container: Container;
  let running: Running;
  let layer = '';

  beforeEach(async () => {
    container = await fixture().orlop.create('busybox', ['sh', '-c', writer]);
    running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
    layer = ((await container.inspect()).GraphDriver as { Data: { UpperDir: string } }).Data.UpperDir;
    await until('it writes', () => written('b') > 3);
  });
  afterEach(async () => {
    await container.remove({ force: true });
    await running.exited;
    expect(storeContent(fixture()).paused).to.deep.equal([]);
    expect(pauseGroups(container.id)).to.deep.equal([]);
  });

  /** What the host sees of it now. */
  function written(directory: string): number {
    try {
      return Number(readFileSync(join(layer, directory, 'n'), 'utf8'));
    } catch {
      return 0;
    }
  }

  for (const [how, version, hide, ...needs] of hosts) {
    const prefix = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', `${hide}; exec "$@"`, 'sh'];

    it(`is committed in one state, by ${how}, and goes on`, async function () {
      requiresIn(this, ...needs);
      for (let round = 0; round < 2; round++) {
        await using program = new Program(fixture(), ['commit', container.id, 'paused'], prefix);
        await program.next();
        expect(await program.end()).to.deep.equal({ code: 0, signal: null });
        expect(program.stderr).to.equal('');
        const { stdout } = await fixture().orlop.run('paused', ['cat', '/a/n', '/b/n']);
        const [a = 0, b = 0] = stdout.trim().split('\n').map(Number);
        expect(a - b, `${a} and ${b}`).to.be.oneOf([0, 1]);
        const now = written('b');
        await until('it goes on', () => written('b') > now + 3);
      }
    });

    it(`goes on after its commit was killed in the midst of a pause by ${how}`, async function () {
      requiresIn(this, ...needs);
      const program = new Program(fixture(), ['pause', container.id], prefix);
      await program.next();
      const held = written('a');
      program.child.kill('SIGKILL');
      await program.end();
      const note = JSON.parse(readFileSync(join(fixture().run, 'paused', `${container.id}.json`), 'utf8'));
      expect(note.group?.hierarchy.version ?? null).to.equal(version);
      expect(written('a')).to.equal(held);
      const orlop = await Orlop.open(fixture());
      expect((await (await orlop.container(container.id)).summary()).status).to.equal('running');
      await until('it goes on', () => written('b') > held + 3);
    });
  }

  it('is held still once, by two commits at the same time', async () => {
    await Promise.all([container.commit('one'), container.commit('two'), container.commit('three')]);
    const now = written('b');
    await until('it goes on', () => written('b') > now + 3);
  });

  it('is committed without a pause where that is asked for', async () => {
    const made: string[] = [];
    const commit = (name: string, pause: boolean) => container.commit(name, { pause }).then(() => made.push(name));
    // One pause at a time: a commit with one waits as long as another program holds the container still.
    await using program = new Program(fixture(), ['pause', container.id]);
    await program.next();
    const both = [commit('paused', true), commit('unpaused', false)];
    await until('one of them', () => made.length > 0);
    expect(made).to.deep.equal(['unpaused']);
    program.tell('go on');
    await Promise.all(both);
    expect(made).to.deep.equal(['unpaused', 'paused']);
  });

  it('can be looked at and exported', async () => {
    const paths = (await container.diff()).map(({ path }) => path);
    expect(paths).to.include.members(['/a', '/b', '/turn']);
    const file = join(fixture().directory, 'running.tar');
    const out = openSync(file, 'w');
    try {
      await container.export(out);
    } finally {
      closeSync(out);
    }
    const image = await fixture().orlop.images.import(file, { reference: null });
    const { stdout } = await fixture().orlop.run(image.id, ['ls', '-A', '/a']);
    expect(stdout).to.match(/^(n|n\nnew|new\nn)\n$/);
  });
});

/** Cgroups that pauses of a container made: others on this machine may be paused meanwhile. */
function pauseGroups(id: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
    .flatMap((mount) => readdirSync(mount).filter((name) => name === `orlop-pause-${id.slice(0, 12)}`));
}
