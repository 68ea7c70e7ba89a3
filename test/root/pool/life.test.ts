import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Orlop, type Pool, RequestError } from '../../../ts/index.ts';
import {
  counts,
  ownChildren,
  ownDescriptors,
  ownThreads,
  readWriteLayers,
  storeContent,
  untilEnded,
  untilNoMoreDescriptors,
} from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';
import { typescriptWorker } from '../../support/typescript-worker.ts';

const nothing = { mnt: [], containers: [], volumes: [], staging: [], ephemeral: [], 'locks of containers': [] };

describe('a pool', function () {
  this.timeout(400_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();

  /** The processes of waiting containers, as the records say. */
  async function waiting(): Promise<number[]> {
    const { items } = await fixture().orlop.containers.list({ all: true });
    return items.flatMap(({ status, pid }) => (status === 'created' && pid !== null ? [pid] : []));
  }

  function expectNothing(): void {
    const { layers: _, ...rest } = storeContent(fixture());
    expect({ ...rest, volumes: rest.volumes?.filter((name) => name !== 'shared') }).to.deep.include(nothing);
    expect(readWriteLayers(fixture())).to.deep.equal([]);
  }

  async function withPool(size: number, use: (pool: Pool) => Promise<void>): Promise<void> {
    const pool = await fixture().orlop.pool('busybox', { size });
    try {
      await use(pool);
    } finally {
      await pool.close();
    }
    expectNothing();
  }

  it('keeps the names of its waiting containers', async () => {
    await withPool(1, async (pool) => {
      await until('one waits', () => pool.stats.ready === 1);
      const [one] = (await fixture().orlop.containers.list({ all: true })).items;
      const error = await refusal((await fixture().orlop.container(one?.id ?? '')).rename('mine'));
      expect(error.message).to.match(/^container '.*' waits in a pool and keeps its name$/);
    });
  });

  it('answers 500 requests at once, each in a container of its own, and leaves nothing', async () => {
    await withPool(4, async (pool) => {
      // As the others do, so that what the program makes once for all of them is there.
      for (let i = 0; i < 8; i++) await pool.run(['touch', '/used'], { volumes: ['shared:/shared'] });
      // A waiting container takes descriptors.
      await until('the stock to be full', () => pool.stats.ready === 4 && pool.stats.making === 0);
      const before = counts(ownDescriptors());
      const runs = Array.from({ length: 500 }, (_, index) =>
        pool.run(['sh', '-c', `test ! -e /used && touch /used && echo ${index}`], { volumes: ['shared:/shared'] }),
      );
      expect(pool.stats.ready + pool.stats.making).to.be.at.most(4);
      const results = await Promise.all(runs);
      expect(results.map(({ stdout }) => stdout)).to.deep.equal(results.map((_, index) => `${index}\n`));
      expect(new Set(results.map(({ container }) => container.id)).size).to.equal(500);
      await until('the stock to be full', () => pool.stats.ready === 4 && pool.stats.making === 0);
      expect(pool.stats).to.deep.equal({ size: 4, ready: 4, making: 0, waiting: 0, running: 0, started: 508 });
      // To orlop-launcher, a program keeps some sockets for calls at once.
      const kept = process.getuid?.() === 0 ? 0 : 8;
      // After many starts at once, more cgroups are prefetched: a seat has a pipe and an eventfd.
      const seats = 14;
      const more = { 'socket:': kept, 'pipe:': 2 * seats, 'anon_inode:[eventfd]': seats };
      const allowed = Object.entries(more).map(([name, count]) => [name, (before[name] ?? 0) + count]);
      await untilNoMoreDescriptors({ ...before, ...Object.fromEntries(allowed) });
      expect(counts(ownThreads())['orlop-pool']).to.equal(1);
      expect(ownChildren().filter(({ name }) => name === 'orlop-init').length).to.equal(4);
    }).finally(() => fixture().orlop.volumes.remove('shared'));
  });

  it('makes another waiting container while the application of the last one runs', async () => {
    await withPool(1, async (pool) => {
      const ends = new AbortController();
      const run = pool.run(['sleep', '1000'], { signal: ends.signal }).catch((error: unknown) => error);
      await until('it to run', () => pool.stats.running === 1 && pool.stats.started === 1);
      await until('another to wait', async () => pool.stats.ready === 1 && (await waiting()).length === 1);
      expect((await pool.run(['echo', 'fine'])).stdout).to.equal('fine\n');
      ends.abort();
      expect(await run)
        .to.be.instanceOf(RequestError)
        .and.include({ code: 'ORLOP_E_ABORTED' });
    });
  });

  it('replaces a waiting container whose process dies', async () => {
    await withPool(2, async (pool) => {
      const before = await waiting();
      expect(before.length).to.equal(2);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      await until('two others to wait', async () => {
        const now = await waiting();
        return pool.stats.ready === 2 && now.length === 2 && now.every((pid) => !before.includes(pid));
      });
      expect((await pool.run(['echo', 'fine'])).stdout).to.equal('fine\n');
    });
  });

  it('gives a request another container when its own dies before the application runs', async () => {
    await withPool(1, async (pool) => {
      const [pid = 0] = await waiting();
      // Held, so that the request is on its way to it when it dies.
      process.kill(pid, 'SIGSTOP');
      const run = pool.run(['echo', 'fine'], { volumes: ['/own'] });
      // Then another is made in its place, perhaps between two looks.
      const isTaken = async () => pool.stats.ready === 0 || (await waiting()).some((other) => other !== pid);
      await until('the member to be taken', isTaken);
      process.kill(pid, 'SIGKILL');
      expect((await run).stdout).to.equal('fine\n');
    });
  });

  it('gives a request another container when one dies while it is being made', async () => {
    await withPool(1, async (pool) => {
      const made = () => ownChildren().filter(({ name }) => name === 'orlop-init');
      for (let held = 0; held === 0; ) {
        await until('a member to wait', () => pool.stats.ready === 1);
        const before = new Set(made().map(({ pid }) => pid));
        await pool.run(['true']);
        const { pid } = await until('the next', () => made().find((child) => !before.has(child.pid)));
        process.kill(pid, 'SIGSTOP');
        // If it has reported just before, the report has arrived by now.
        await fixture().orlop.run('busybox', ['true']);
        if (pool.stats.ready === 0) held = pid;
        else process.kill(pid, 'SIGCONT');
        if (held === 0) continue;
        const run = pool.run(['echo', 'fine']);
        await until('the request to wait', () => pool.stats.waiting === 1);
        process.kill(pid, 'SIGKILL');
        expect((await run).stdout).to.equal('fine\n');
      }
    });
  });

  it('rejects waiting requests when it is closed, and lets the applications go on', async () => {
    const pool = await fixture().orlop.pool('busybox', { size: 1 });
    const first = await pool.start(['cat'], { stdin: 'pipe' });
    const runs = Array.from({ length: 40 }, () => pool.run(['echo', 'fine']));
    const settled = Promise.allSettled(runs);
    await pool.close();
    for (const one of await settled) {
      if (one.status === 'fulfilled') expect(one.value.stdout).to.equal('fine\n');
      else expect(one.reason).to.be.instanceOf(RequestError).and.include({ code: 'ORLOP_E_CLOSED' });
    }
    expect((await settled).some(({ status }) => status === 'rejected')).to.equal(true);
    expect(await waiting()).to.deep.equal([]);
    first.stdin?.end();
    expect((await first.exited).exitCode).to.equal(0);
    expectNothing();
  });

  it('is closed by the runtime that opened it', async () => {
    const { root, run } = fixture();
    {
      await using orlop = await Orlop.open({ root, run });
      await orlop.pool('busybox', { size: 1 });
      expect((await waiting()).length).to.equal(1);
    }
    expectNothing();
  });

  it('does not open for an image that is not there, or a size that is none', async () => {
    const { orlop } = fixture();
    for (const [options, code, image] of [
      [{ size: 2 }, 'ORLOP_E_NO_IMAGE', 'no-such-image'],
      [{ size: 0 }, 'ORLOP_E_INPUT', 'busybox'],
      [{ size: 2, name: 'one' } as { size: number }, 'ORLOP_E_INPUT', 'busybox'],
    ] as const) {
      const error = await orlop.pool(image, options).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(RequestError).and.include({ code });
    }
    expectNothing();
  });

  it('survives the removal by force of a waiting container', async () => {
    await withPool(1, async (pool) => {
      const { items } = await fixture().orlop.containers.list({ all: true });
      await (await fixture().orlop.container(items[0]?.id ?? '')).remove({ force: true });
      await until('another to wait', async () => pool.stats.ready === 1 && (await waiting()).length === 1);
      expect((await pool.run(['echo', 'fine'])).stdout).to.equal('fine\n');
    });
  });
});

describe('the containers of a pool', function () {
  this.timeout(200_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();

  function program(what: string): ChildProcess {
    const { root, run } = fixture();
    const argv = ['--import=tsx', 'test/support/pool-worker.ts', root, run, what];
    return spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async function said(child: ChildProcess): Promise<{ pids: number[]; running: number | null }> {
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface(child.stdout)) return JSON.parse(line);
    throw new Error('the program ended without a word');
  }

  async function expectCleanedUp(): Promise<void> {
    const { root, run } = fixture();
    // A container that was being started when its program died may hold locks of that program for a moment longer.
    await until('the next program to remove all', async () => {
      await using _orlop = await Orlop.open({ root, run });
      const content = storeContent(fixture());
      return Object.entries(nothing).every(([name]) => content[name]?.length === 0);
    });
    expect(storeContent(fixture())).to.deep.include(nothing);
  }

  it('and its applications end with the program when it is killed', async () => {
    const child = program('run');
    const { pids, running } = await said(child);
    expect(pids.length).to.be.at.least(2);
    expect(pids).to.include(running);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    for (const pid of pids) await untilEnded(pid);
    await expectCleanedUp();
  });

  it('do not keep a program from its end', async () => {
    const child = program('idle');
    const exit = once(child, 'exit');
    const { pids } = await said(child);
    expect(pids.length).to.equal(2);
    expect(await exit).to.deep.equal([0, null]);
    for (const pid of pids) await untilEnded(pid);
    await expectCleanedUp();
  });

  it('end with the Worker that made them', async () => {
    const { root, run } = fixture();
    const worker = typescriptWorker('test/support/pool-worker.ts', [root, run, 'hold']);
    const [{ pids }] = (await once(worker, 'message')) as [{ pids: number[] }];
    expect(pids.length).to.equal(2);
    await worker.terminate();
    for (const pid of pids) await untilEnded(pid);
  });
});
