import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LaunchError } from '../../../ts/errors/index.ts';
import { Orlop, type RunInput, type RunOptions } from '../../../ts/index.ts';
import {
  counts,
  ownDescriptors,
  ownThreads,
  storeContent,
  untilNoMoreDescriptors,
} from '../../support/facts-of-life.ts';
import { mountTable } from '../../support/mounts.ts';
import { commitMarked, withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('what is prefetched for the next start', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  let mounts: string;
  before(() => {
    mounts = mountTable();
  });
  afterEach(async () => {
    await fixture().settle();
    expect(mountTable(), 'the host’s mounts').to.equal(mounts);
  });

  const run = (script: string, options: RunOptions & RunInput = {}) =>
    fixture().orlop.run('busybox', ['sh', '-c', script], options);

  /** Steps of a start, of which an opener made none if the mounts were prefetched. */
  const stepsOf = (result: Awaited<ReturnType<typeof run>>) => result.timings.steps.map(({ step }) => step);

  /** Runs until a start finds its mounts prefetched, as it does when the start before has had the time to make them. */
  async function runReady(script: string, options: RunOptions & RunInput = {}) {
    return until('a start with prefetched mounts', async () => {
      const result = await run(script, options);
      return stepsOf(result).includes('overlay') ? undefined : result;
    });
  }

  it('is used by a start like the last, which then makes neither a union nor a network', async () => {
    const steps = stepsOf(await runReady('true'));
    expect(steps).to.include.members(['join', 'root', 'pivot', 'exec']);
    expect(steps).not.to.include.members(['overlay']);
    expect(steps.filter((step) => step === 'device')).to.have.length(1);
    expect(stepsOf(await run('true', { network: 'host' }))).not.to.include('join');
  });

  it('is nothing that an application was in before', async () => {
    const leave =
      'ls -d /left /dev/left /dev/shm/left 2>/dev/null; touch /left /dev/left /dev/shm/left; ip link add x type dummy 2>/dev/null; ip -o link | wc -l';
    for (let i = 0; i < 3; i++) expect((await runReady(leave)).stdout).to.equal('1\n');
  });

  it('is a network namespace of its own for each, with its loopback up and its parameter set', async () => {
    const look =
      'readlink /proc/self/ns/net; ip -o addr | wc -l; cat /proc/sys/net/ipv4/ping_group_range; ls /sys/class/net';
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const [namespace = '', addresses, range, devices] = (await run(look)).stdout.trim().split('\n');
      expect(addresses).to.equal('2');
      expect(range?.split(/\s+/)).to.deep.equal(['0', '0']);
      expect(devices).to.equal('lo');
      seen.add(namespace);
    }
    // The numbers of removed namespaces are given out again, but no two prefetched ones are the same.
    expect(seen.size).to.be.greaterThan(1);
  });

  it('is not taken by a start of another kind', async () => {
    await runReady('true');
    const other = await run('df /dev/shm | tail -1', { shmSize: '1m' });
    expect(other.stdout).to.match(/\s1024\s/);
    expect((await runReady('df /dev/shm | tail -1', { shmSize: '2m' })).stdout).to.match(/\s2048\s/);
    expect((await run('df /dev/shm | tail -1', { shmSize: '1m' })).stdout).to.match(/\s1024\s/);
    // A third kind takes the place of the first, whose layer is used again.
    expect((await runReady('df /dev/shm | tail -1', { shmSize: '3m' })).stdout).to.match(/\s3072\s/);
    for (const size of ['1m', '2m', '3m', '4m']) {
      const { stdout, exitCode } = await run('echo x >/file && cat /file; df /dev/shm | tail -1', { shmSize: size });
      expect(exitCode).to.equal(0);
      expect(stdout).to.match(new RegExp(`^x\\n.*\\s${Number.parseInt(size, 10) * 1024}\\s`));
    }
  });

  it('is never the root filesystem of another image, however many containers are made at once', async () => {
    const { orlop } = fixture();
    await commitMarked(orlop, 'marked:1');
    await runReady('true');
    const containers = await Promise.all(
      Array.from({ length: 12 }, () => orlop.create('marked:1', ['cat', '/mark'], { rm: true })),
    );
    for (const container of containers) {
      const running = await container.start();
      expect([(await running.exited).exitCode, running.timings.steps.length > 0]).to.deep.equal([0, true]);
    }
    await orlop.images.remove('marked:1');
  });

  it('is never a root filesystem whose layers another program has removed, and the image brought again', async () => {
    const { directory, root, run: runDirectory } = fixture();
    await runReady('true');
    const other = await Orlop.open({ root, run: runDirectory });
    const archive = join(directory, 'again.tar');
    const descriptor = openSync(archive, 'w');
    await other.images.save(['busybox'], { descriptor });
    closeSync(descriptor);
    await other.images.remove('busybox');
    await other.images.load(archive);
    await other.close();
    expect((await run('echo here')).stdout).to.equal('here\n');
    expect((await runReady('echo and ready')).stdout).to.equal('and ready\n');
  });

  it('is no layer that a waiting container of a pool could not mount', async () => {
    await runReady('true');
    await using pool = await fixture().orlop.pool('busybox', { size: 12 });
    expect((await pool.run(['echo', 'pooled'])).stdout).to.equal('pooled\n');
  });

  it('goes with a container that is never started, and with a closed store', async () => {
    await runReady('true');
    await fixture().settle();
    const before = counts(ownDescriptors());
    await runReady('true');
    const made = await fixture().orlop.create('busybox', ['true'], { rm: true, durable: false });
    await made.remove();
    await runReady('true');
    await fixture().settle();
    await untilNoMoreDescriptors(before);
    expect(readdirSync(join(fixture().root, 'layers')).filter((name) => name.startsWith('.'))).to.deep.equal([]);
  });

  it('serves many starts at once, and leaves nothing of them', async () => {
    await fixture().settle();
    const store = storeContent(fixture());
    for (let round = 0; round < 5; round++) {
      const all = await Promise.all(Array.from({ length: 12 }, (_, index) => run(`echo ${index}`)));
      expect(all.map(({ stdout }) => stdout)).to.deep.equal(all.map((_, index) => `${index}\n`));
    }
    await fixture().settle();
    expect(storeContent(fixture())).to.deep.equal(store);
    await until('the threads that make things have ended', () => {
      const names = ownThreads();
      return !names.some((name) => ['orlop-network', 'orlop-empty'].includes(name));
    });
  });

  it('goes with a store that is closed while containers run, and so does what is left of these', async () => {
    await fixture().settle();
    const store = storeContent(fixture());
    for (let round = 0; round < 20; round++) {
      await run('echo makes more of them');
      const all = Array.from({ length: 4 }, () => run('echo early'));
      for (let turn = 0; turn < round; turn++) await new Promise((done) => setImmediate(done));
      await fixture().settle();
      // Those that were not launched yet keep the layer that was prefetched for them.
      for (const { stdout } of await Promise.all(all)) expect(stdout).to.equal('early\n');
      expect((await run('echo again')).stdout).to.equal('again\n');
    }
    await fixture().settle();
    expect(storeContent(fixture())).to.deep.equal(store);
  });

  it('goes with a request that is refused after it was taken', async () => {
    const tmpfs = Array.from({ length: 2500 }, (_, index) => `/t${index}`);
    const aborted = new AbortController();
    aborted.abort();
    const refused = async () => {
      const { signal } = aborted;
      const { orlop } = fixture();
      for (const [argv, options, start, code] of [
        [[], {}, {}, 'ORLOP_E_INPUT'],
        [['true'], { tmpfs }, {}, 'ORLOP_E_INPUT'],
        [['true', ...Array<string>(50).fill('x'.repeat(100_000))], {}, {}, 'ORLOP_E_INPUT'],
        [['true'], {}, { signal }, 'ORLOP_E_ABORTED'],
      ] as const) {
        await runReady('true');
        await until('a network', async () => stepsOf(await run('true')).includes('join'));
        expect(await refusal(orlop.run('busybox', argv, { ...options, ...start }))).to.include({ code });
        // No record may be as large as that of the long command.
        if (argv.length > 1) continue;
        const made = orlop.create('busybox', argv, { ...options, durable: false });
        expect(await refusal(made.then((container) => container.start(start)))).to.include({ code });
      }
      for (const { id } of (await orlop.containers.list({ all: true })).items) await orlop.containers.remove(id);
      await fixture().settle();
    };
    await refused();
    const [store, descriptors] = [storeContent(fixture()), counts(ownDescriptors())];
    for (let round = 0; round < 2; round++) await refused();
    expect(storeContent(fixture())).to.deep.equal(store);
    await untilNoMoreDescriptors(descriptors);
  });

  it('does not keep a start that failed from being tried again', async () => {
    await runReady('true');
    const { orlop, root } = fixture();
    const options = { durable: false, volumes: ['late:/data'] };
    const container = await orlop.create('busybox', ['/data/late'], options);
    const error = await container.start().then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).to.be.instanceOf(LaunchError).and.to.include({ code: 'ENOENT' });
    writeFileSync(join(root, 'volumes/late/_data/late'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    for (let time = 0; time < 2; time++) expect((await (await container.start()).exited).exitCode).to.equal(7);
    await container.remove();
    await orlop.volumes.remove('late');
  });
});
