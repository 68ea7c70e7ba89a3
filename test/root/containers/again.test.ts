import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type RunInput, type RunOptions } from '../../../ts/index.ts';
import { loadNative } from '../../../ts/native/binding.ts';
import { tryLock } from '../../../ts/store/lock.ts';
import { counts, ownDescriptors, storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

type Result = Awaited<ReturnType<Orlop['run']>>;

/** Whether it went by what was known of a run before it. */
const isAgain = ({ timings }: Result): boolean => {
  const steps = timings.steps.map(({ step }) => step);
  return steps.includes('again') && !steps.includes('refused');
};

describe('a run that has been made before', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const run = (script: string, options: RunOptions & RunInput = {}, image = 'busybox') =>
    fixture().orlop.run(image, ['sh', '-c', script], options);

  /** Runs until one goes by another: the first find out what is to be known, and make what it takes. */
  async function again(script: string, options: RunOptions & RunInput = {}, image?: string): Promise<Result> {
    return until('a run that goes by another', async () => {
      const result = await run(script, options, image);
      return isAgain(result) ? result : undefined;
    });
  }

  /** Another program on the same store. */
  async function otherwise(use: (other: Orlop) => Promise<void>): Promise<void> {
    const { root, run } = fixture();
    await using other = await Orlop.open({ root, run });
    await use(other);
  }

  const directory = (name: string, content: string): string => {
    const path = join(fixture().directory, name);
    mkdirSync(path);
    writeFileSync(join(path, 'f'), content);
    return path;
  };

  it('gives what the first gave, in a container of its own', async () => {
    const script = 'echo $HOSTNAME; hostname; echo $A; echo x > /left; ls /left /volume; echo no >&2; exit 3';
    const options = { env: ['A=b'], volumes: [`${directory('same', '')}:/volume`] };
    const first = await run(script, options);
    const second = await again(script, options);
    const digits = second.container.id.slice(0, 12);
    expect(second.stdout).to.equal(`${digits}\n${digits}\nb\n/left\n\n/volume:\nf\n`);
    expect(second).to.include({ exitCode: 3, signal: null, stderr: 'no\n' });
    expect(second.container.id).not.to.equal(first.container.id);
    expect(second.container.name).to.match(new RegExp(`_${digits.slice(0, 6)}$`));
  });

  it('is on record while it runs, under its own name, and gone with its end', async () => {
    const { orlop, run: runDirectory } = fixture();
    const gate = directory('gate', '');
    const options = { volumes: [`${gate}:/gate`], network: 'host' };
    const script = 'while [ ! -e /gate/open ]; do sleep 0.01; done; rm /gate/open';
    const open = () => writeFileSync(join(gate, 'open'), '');
    await until('a run that goes by another', async () => {
      open();
      return isAgain(await run(script, options)) || undefined;
    });
    const ran = run(script, options);
    const [found] = await until('the container', async () => {
      const { items } = await orlop.containers.list();
      return items.length === 1 ? items : undefined;
    });
    const record = JSON.parse(readFileSync(join(runDirectory, 'containers', found?.id ?? '', 'config.json'), 'utf8'));
    const state = JSON.parse(readFileSync(join(runDirectory, 'containers', found?.id ?? '', 'state.json'), 'utf8'));
    expect(record).to.include({ id: found?.id, name: found?.name, layer: found?.id });
    expect(Math.abs(Date.now() - Date.parse(record.created))).to.be.below(60_000);
    expect(Date.parse(state.startedAt)).to.equal(Date.parse(record.created));
    const container = await orlop.container(found?.name ?? '');
    const waited = container.wait();
    open();
    const result = await ran;
    expect(isAgain(result)).to.equal(true);
    expect(result.container).to.deep.equal({ id: found?.id, name: found?.name });
    expect(await waited).to.deep.equal({ exitCode: 0, signal: null });
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
  });

  it('explains its times as any other does', async () => {
    const { timings } = await again('true');
    const steps = timings.steps.map(({ step }) => step);
    expect(timings.steps[0]).to.include({ phase: 'create', step: 'request', startUs: 0 });
    expect(steps).to.include.members(['again', 'root', 'pivot', 'exec']);
    expect(steps).not.to.include('overlay');
  });

  it('takes the image that has the name by then', async () => {
    const { orlop } = fixture();
    const marked = await orlop.create('busybox', ['sh', '-c', 'echo marked > /mark']);
    await (await marked.start()).exited;
    await marked.commit('second:1');
    await marked.remove();
    await orlop.images.tag('busybox', 'moving:1');
    const look = 'cat /mark 2>/dev/null || echo none';
    expect((await again(look, {}, 'moving:1')).stdout).to.equal('none\n');
    await otherwise((other) => other.images.tag('second:1', 'moving:1'));
    expect((await run(look, {}, 'moving:1')).stdout).to.equal('marked\n');
    expect((await again(look, {}, 'moving:1')).stdout).to.equal('marked\n');
    await otherwise(async (other) => void (await other.images.remove('moving:1')));
    expect(await refusal(run(look, {}, 'moving:1'))).to.include({ code: 'ORLOP_E_NO_IMAGE' });
    await orlop.images.remove('second:1');
  });

  it('waits for those who are changing images', async () => {
    await again('echo done');
    const { orlop, run: runDirectory } = fixture();
    const lock = tryLock(loadNative(), join(runDirectory, 'locks', 'image', 'records.lock'), 'exclusive');
    const ran = run('echo done');
    // Long enough for a container to be there.
    await otherwise(async () => {});
    expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    await lock?.release();
    expect((await ran).stdout).to.equal('done\n');
    expect([lock === null, isAgain(await ran)]).to.deep.equal([false, false]);
  });

  it('keeps nobody from changing images while it runs', async () => {
    const gate = directory('open-end', '');
    const options = { volumes: [`${gate}:/gate`] };
    const script = 'while [ ! -e /gate/open ]; do sleep 0.01; done; rm /gate/open';
    const open = () => writeFileSync(join(gate, 'open'), '');
    await until('a run that goes by another', async () => {
      open();
      return isAgain(await run(script, options)) || undefined;
    });
    const ran = run(script, options);
    await fixture().orlop.images.tag('busybox', 'meanwhile:1');
    await fixture().orlop.images.remove('meanwhile:1');
    open();
    expect(isAgain(await ran)).to.equal(true);
  });

  it('gets what stands at the source by then', async () => {
    const source = directory('replaced', 'old');
    const options = { volumes: [`${source}:/v`] };
    expect((await again('cat /v/f', options)).stdout).to.equal('old');
    const other = directory('other', 'new');
    renameSync(source, `${source}.old`);
    renameSync(other, source);
    expect((await run('cat /v/f', options)).stdout).to.equal('new');
    expect((await again('cat /v/f', options)).stdout).to.equal('new');
    renameSync(source, `${source}.new`);
    expect(await refusal(run('cat /v/f', options))).to.include({ code: 'ORLOP_E_SOURCE' });
    mkdirSync(source);
    expect((await run('ls /v', options)).stdout).to.equal('');
    rmdirSync(source);
  });

  it('gets the files of /etc that the host has by then', async () => {
    const options = { network: 'host' };
    expect((await again('cat /etc/hosts', options)).stdout).to.equal(readFileSync('/etc/hosts', 'utf8'));
    // In the mount namespace of the test alone.
    const hosts = join(fixture().directory, 'hosts');
    writeFileSync(hosts, '192.0.2.1 elsewhere\n');
    execFileSync('mount', ['--bind', hosts, '/etc/hosts']);
    try {
      expect((await run('cat /etc/hosts', options)).stdout).to.equal('192.0.2.1 elsewhere\n');
    } finally {
      execFileSync('umount', ['/etc/hosts']);
    }
  });

  it('is ended by its time-out, by its signal, and by what it writes', async () => {
    const { orlop } = fixture();
    const script = 'if [ -e /gate/stay ]; then sleep 1000; elif [ -e /gate/write ]; then yes; fi';
    const gate = directory('ways', '');
    const options = { volumes: [`${gate}:/gate`], maxBuffer: 100_000 };
    const ways = [
      ['stay', 'ORLOP_E_TIMEOUT', () => ({ timeout: 200 })],
      ['stay', 'ORLOP_E_ABORTED', () => ({ signal: AbortSignal.timeout(200) })],
      ['write', 'ORLOP_E_BUFFER', () => ({})],
    ] as const;
    for (const [name, code, more] of ways) {
      await again(script, options);
      writeFileSync(join(gate, name), '');
      expect(await refusal(run(script, { ...options, ...more() }))).to.include({ code });
      execFileSync('rm', [join(gate, name)]);
      expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
    }
  });

  it('is one of many at once', async () => {
    await again('echo $HOSTNAME');
    const results = await Promise.all(Array.from({ length: 40 }, () => run('echo $HOSTNAME')));
    for (const { stdout, container } of results) expect(stdout).to.equal(`${container.id.slice(0, 12)}\n`);
    expect(new Set(results.map(({ stdout }) => stdout)).size).to.equal(40);
    expect(results.filter(isAgain).length).to.be.greaterThan(0);
  });

  it('leaves nothing', async () => {
    const all = () => [storeContent(fixture()), counts(ownDescriptors())];
    await again('true');
    await fixture().orlop.close();
    const before = all();
    for (let round = 0; round < 3; round++) {
      await again('true');
      await fixture().orlop.close();
    }
    expect(all()).to.deep.equal(before);
  });
});
