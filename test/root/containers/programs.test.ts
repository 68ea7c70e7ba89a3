import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime } from '../../../ts/index.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { Store } from '../../../ts/store/store.ts';
import { cli } from '../../support/cli.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { Program } from '../../support/programs.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { runDirectory } from '../../support/run-directory.ts';
import { until } from '../../support/temporary.ts';

describe('several programs on one store', function () {
  this.timeout(300_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const prepared = withOrlop();
  /** With the directory for locks that the command line uses too. */
  let store: { root: string; run: string; orlop: OrlopRuntime };
  const fixture = () => store;

  before(async () => {
    const { root } = prepared();
    store = { root, run: runDirectory(root), orlop: await Orlop.open({ root }) };
  });
  after(() => rmSync(store.run, { recursive: true, force: true }));

  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli(fixture().root, args);
    return { code, stdout, stderr };
  };
  const succeeds = async (...args: string[]) => {
    const { code, stderr } = await command(...args);
    expect({ code, stderr }, args.join(' ')).to.deep.equal({ code: 0, stderr: '' });
  };

  it('can make, run, commit, prune and remove at once, and lose nothing', async () => {
    const before = storeContent(fixture());
    const named = ['one', 'two', 'three'];
    const programs = named.map((name) => new Program(fixture(), ['churn', name]));
    try {
      for (const program of programs) await program.next();
      // Meanwhile, the same from a command line.
      for (let i = 0; i < 3; i++) {
        expect(await command('run', '--rm', '-v', 'cli:/v', 'busybox', 'sh', '-c', `echo ${i} >> /v/f`)).to.deep.equal({
          code: 0,
          stdout: '',
          stderr: '',
        });
        await succeeds('volume', 'prune', '-f');
        await succeeds('ps', '-a');
        await succeeds('images');
      }
      await Promise.all(programs.map((program) => program.next()));
      for (const program of programs) program.tell('stop');
      const totals = new Map<string, number>();
      for (const [index, program] of programs.entries()) {
        let line: { total?: number } = {};
        while (line.total === undefined) line = await program.next<{ total?: number }>();
        totals.set(named[index] ?? '', line.total);
        expect(await program.end(), program.stderr).to.deep.equal({ code: 0, signal: null });
      }
      await expectKept(totals);
    } finally {
      for (const program of programs) await program[Symbol.asyncDispose]();
    }
    await removeAll();
    const { layers = [], ...rest } = storeContent(fixture());
    const { layers: _, ...first } = before;
    expect(rest).to.deep.equal(first);
    for (const layer of layers) expect(readdirSync(join(fixture().root, 'layers', layer))).to.include('layer.json');
  });

  /** Each program keeps every second of its containers and volumes; all of it must be there, and nothing else. */
  async function expectKept(totals: ReadonlyMap<string, number>): Promise<void> {
    const kept = [...totals].flatMap(([name, total]) =>
      Array.from({ length: total }, (_, index) => index)
        .filter((index) => index % 2 === 1)
        .map((index) => `${name}-${index}`),
    );
    const { orlop } = fixture();
    const containers = await orlop.containers.list({ all: true });
    expect(containers.damaged).to.deep.equal([]);
    expect(containers.items.map(({ name }) => name)).to.have.members(kept);
    const volumes = await orlop.volumes.list();
    expect(volumes.damaged).to.deep.equal([]);
    const names = volumes.items.filter(({ anonymous }) => !anonymous).map(({ name }) => name);
    expect(names).to.have.members([...kept, 'shared', 'cli']);
    const anonymous = volumes.items.filter((volume) => volume.anonymous);
    expect(anonymous, 'anonymous volumes: one for each kept container').to.have.length(kept.length);
    const shared = await orlop.run('busybox', ['sh', '-c', 'ls /shared | wc -l; cat /cli/f'], {
      volumes: ['shared:/shared', 'cli:/cli'],
    });
    const total = [...totals.values()].reduce((sum, one) => sum + one, 0);
    expect(shared.stdout).to.equal(`${total}\n0\n1\n2\n`);
    const images = await orlop.images.list();
    expect(images.damaged).to.deep.equal([]);
    const references = images.items.flatMap((image) => image.references);
    expect(references).to.include.members([
      'busybox:latest',
      ...[...totals.keys()].map((name) => `image-${name}:latest`),
    ]);
    for (const name of totals.keys()) {
      expect((await orlop.run(`image-${name}`, ['echo', name])).stdout).to.equal(`${name}\n`);
    }
  }

  async function removeAll(): Promise<void> {
    const { orlop } = fixture();
    for (const { id } of (await orlop.containers.list({ all: true })).items) {
      await (await orlop.container(id)).remove({ volumes: true });
    }
    await orlop.volumes.prune({ all: true });
  }

  it('can wait for, signal and remove what another one runs', async () => {
    const { layers: __, ...first } = storeContent(fixture());
    await using program = new Program(fixture(), ['end']);
    const { durable, ephemeral } = await program.next<{ durable: string; ephemeral: string[] }>();
    const other = await Orlop.open(fixture());
    const [container, running, unstarted] = await Promise.all(
      [durable, ephemeral[0] ?? '', ephemeral[1] ?? ''].map((id) => other.container(id)),
    );
    if (container === undefined || running === undefined || unstarted === undefined) throw new Error('there are three');
    expect((await container.summary()).status).to.equal('running');
    expect((await refusal(container.start())).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
    expect((await refusal(unstarted.start())).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
    for (const one of [container, running, unstarted]) {
      expect((await refusal(one.remove())).code).to.equal('ORLOP_E_CONTAINER_RUNNING');
    }
    // One that goes with its end leaves its status to those who wait.
    const again = await (await Orlop.open(fixture())).container(running.id);
    const waits = [running.wait(), running.wait(), again.wait()];
    await running.kill('SIGTERM');
    for (const status of await Promise.all(waits)) expect(status).to.deep.equal({ exitCode: 41, signal: null });
    const wait = container.wait();
    await container.remove({ force: true, volumes: true });
    expect(await wait).to.deep.equal({ exitCode: 137, signal: 'SIGKILL' });
    await unstarted.remove({ force: true, volumes: true });
    await until('it is removed', () => storeContent(fixture()).ephemeral?.length === 0);
    expect((await refusal(other.container(running.id))).code).to.equal('ORLOP_E_NO_CONTAINER');
    // Its owner goes on, and exits when the test says so.
    program.tell('exit');
    expect(await program.end(), program.stderr).to.deep.equal({ code: 3, signal: null });
    await Orlop.open(fixture());
    const { layers: _, ...rest } = storeContent(fixture());
    expect(rest).to.deep.equal(first);
  });

  it('commit and remove images among twenty that make and run containers, and wait for those in progress only', async () => {
    const { orlop } = fixture();
    const store = await Store.open({ ...fixture(), native: loadNative() });
    const changed = await orlop.create('busybox', ['true']);
    let goOn = true;
    let made = 0;
    const creators = Array.from({ length: 20 }, async (_, index) => {
      while (goOn) {
        // One of two needs a name, for which others wait.
        if (index % 2 === 0) await orlop.run('busybox', ['true']);
        else await (await orlop.create('busybox', ['true'], { name: `creator-${index}` })).remove();
        made++;
      }
    });
    try {
      await until('all of them work', () => made > 40);
      for (let turn = 0; turn < 10; turn++) {
        // The wait alone, because the time of a commit also tells how busy the machine is.
        const before = performance.now();
        await using _lock = await store.lockToWrite('image', 'records');
        expect(performance.now() - before, 'ms of the wait').to.be.below(1000);
      }
      await changed.commit('changed');
      await orlop.images.remove('changed');
    } finally {
      goOn = false;
      await Promise.all(creators);
      await changed.remove();
    }
  });

  it('can run many containers with anonymous volumes at once, with few open files for each', async () => {
    const before = storeContent(fixture());
    await using program = new Program(fixture(), ['anonymous', '60'], ['prlimit', '--nofile=1024:1024']);
    expect(await program.next()).to.deep.equal(Array<string>(60).fill('done\n'));
    expect(await program.end(), program.stderr).to.deep.equal({ code: 0, signal: null });
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  for (const [kind, volumes] of Object.entries({ anonymous: ['/w'], plain: [] })) {
    it(`says so where the limit of open files is too low for what it runs at once (${kind})`, async () => {
      const before = storeContent(fixture());
      const { root, run } = fixture();
      // The compiled library: the loader of TypeScript needs open files of its own.
      const program = `
        import { Orlop } from ${JSON.stringify(resolve('dist/index.js'))};
        const orlop = await Orlop.open(${JSON.stringify({ root, run })});
        const runs = Array.from({ length: 60 }, () =>
          orlop.run('busybox', ['echo', 'done'], { volumes: ${JSON.stringify(volumes)} }).then(
            ({ stdout }) => stdout,
            (error) => \`\${error.code} \${error}; \${error.hint}\`,
          ),
        );
        console.log(JSON.stringify(await Promise.all(runs)));
        await orlop.close();`;
      const command = ['--nofile=64:64', process.execPath, '--input-type=module', '--eval', program];
      const lines: string[] = JSON.parse(execFileSync('prlimit', command, { encoding: 'utf8', stdio: 'pipe' }));
      const refused = lines.filter((line) => line !== 'done\n');
      expect(refused).to.not.deep.equal([]);
      for (const line of refused) {
        expect(line).to.match(/^ORLOP_E_OPEN_FILES|^EMFILE LaunchError/);
        expect(line).to.include('ulimit -n');
      }
      await succeeds('ps', '-a');
      expect(storeContent(fixture())).to.deep.equal(before);
    });
  }

  it('can clean up after a program that was killed with many, with few open files', async () => {
    const before = storeContent(fixture());
    await using program = new Program(fixture(), ['sleeping', '60']);
    await program.next();
    program.child.kill('SIGKILL');
    await program.end();
    await using next = new Program(fixture(), ['idle'], ['prlimit', '--nofile=160:160']);
    expect(await next.next()).to.equal('done\n');
    expect(await next.end(), next.stderr).to.deep.equal({ code: 0, signal: null });
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  it('can remove by force what another one is starting, which says that it is gone', async () => {
    const other = await Orlop.open(fixture());
    const codes = new Set<unknown>();
    for (let round = 0; round < 40; round++) {
      const container = await fixture().orlop.create('busybox', ['sleep', '1000'], { rm: round % 2 === 0 });
      const starting = container.start().then(
        async ({ exited }) => (await exited).signal,
        (error: NodeJS.ErrnoException) => error.code,
      );
      const handle = await other.container(container.id);
      for (let turn = 0; turn < round; turn++) await new Promise((done) => setImmediate(done));
      await handle.remove({ force: true });
      codes.add(await starting);
    }
    expect(['SIGKILL', 'ORLOP_E_NO_CONTAINER']).to.include.members([...codes]);
    expect(storeContent(fixture())['locks of containers']).to.deep.equal([]);
    await other.close();
  });

  it('remove a container once, however many try', async () => {
    const container = await fixture().orlop.create('busybox', ['true'], { volumes: ['/v'] });
    const handles = await Promise.all(
      Array.from({ length: 6 }, async () => (await Orlop.open(fixture())).container(container.id)),
    );
    const results = await Promise.allSettled(handles.map((one) => one.remove({ volumes: true })));
    const codes = results.map((one) => (one.status === 'rejected' ? one.reason.code : 'removed')).sort();
    expect(codes).to.deep.equal([...Array<string>(5).fill('ORLOP_E_NO_CONTAINER'), 'removed']);
    expect(storeContent(fixture())['locks of containers']).to.deep.equal([]);
  });
});
