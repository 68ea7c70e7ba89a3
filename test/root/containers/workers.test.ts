import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { hierarchiesOf } from '../../../ts/cgroups/visible.ts';
import { Orlop } from '../../../ts/index.ts';
import {
  counts,
  ownChildren,
  ownDescriptors,
  runs,
  sameCounts,
  storeContent,
  untilEnded,
} from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';
import { typescriptWorker } from '../../support/typescript-worker.ts';

/** Containers that ended and were not reaped. The loader of TypeScript leaves a compiler behind in a Worker that ends. */
function zombies(): unknown[] {
  return ownChildren().filter(({ state, name }) => state === 'Z' && name !== 'esbuild');
}

describe('a Worker that uses orlop', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  function start(what: string): Worker {
    const { root, run } = fixture();
    return typescriptWorker('test/support/orlop-thread.ts', { root, run, what });
  }

  async function message<T>(worker: Worker): Promise<T> {
    const failed = once(worker, 'error').then(([error]) => {
      throw error;
    });
    const [value] = await Promise.race([once(worker, 'message'), failed]);
    return value;
  }

  it('runs containers, and ends by itself', async () => {
    const before = storeContent(fixture());
    const worker = start('run');
    const exit = once(worker, 'exit');
    expect(await message(worker)).to.equal('from a worker\n');
    expect(await exit).to.deep.equal([0]);
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  it('takes its containers along when it is terminated, and the next Orlop removes what was to go', async () => {
    const before = storeContent(fixture());
    const worker = start('hold');
    const { pids, durable } = await message<{ pids: number[]; durable: string }>(worker);
    for (const pid of pids) expect(runs(pid), `process ${pid}`).to.equal(true);
    await worker.terminate();
    for (const pid of pids) await untilEnded(pid);
    const orlop = await Orlop.open(fixture());
    const container = await orlop.container(durable);
    expect((await container.summary()).status).to.equal('exited');
    await container.remove({ volumes: true });
    expect(storeContent(fixture())).to.deep.equal(before);
    await until('no zombie is left', () => zombies().length === 0);
  });

  it('takes all processes along of a container in the PID namespace of the host', async function () {
    requiresIn(this, 'root', 'cgroup-v2');
    const worker = start('hostPid');
    const { pid } = await message<{ pid: number }>(worker);
    const group = hierarchiesOf(pid)[0]?.own ?? '';
    const members = () => readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    await until('all processes run', () => members().length >= 3);
    await worker.terminate();
    await until('none is left', () => members().length === 0);
    await until('no zombie is left', () => zombies().length === 0);
    await (await Orlop.open(fixture())).close();
  });

  it('can be terminated while it makes containers: those that are left can be started', async () => {
    const before = storeContent(fixture());
    for (let i = 0; i < 5; i++) {
      const worker = start('create');
      await message(worker);
      await until('it has a container', () => storeContent(fixture()).containers?.length !== before.containers?.length);
      for (let turn = 0; turn < i * 50; turn++) await new Promise((done) => setImmediate(done));
      await worker.terminate();
      const orlop = await Orlop.open(fixture());
      for (const { id } of (await orlop.containers.list({ all: true })).items) {
        const container = await orlop.container(id);
        expect((await (await container.start()).exited).exitCode).to.equal(0);
        await container.remove({ volumes: true });
      }
      await orlop.close();
    }
    expect(storeContent(fixture())).to.deep.equal(before);
  });

  it('can be terminated in the midst of starts; the program goes on', async () => {
    // What the addon's threads wait with is made when it is first needed, and stays: removals have one of their own.
    const own = await Orlop.open(fixture());
    for (let round = 0; round < 3; round++) await own.run('busybox', ['true']);
    await own.close();
    const before = storeContent(fixture());
    const descriptors = counts(ownDescriptors());
    for (let i = 0; i < 5; i++) {
      const worker = start('start');
      await message(worker);
      await until('it has a container', () => storeContent(fixture()).ephemeral?.length !== before.ephemeral?.length);
      for (let turn = 0; turn < i * 50; turn++) await new Promise((done) => setImmediate(done));
      await worker.terminate();
    }
    await until('no zombie is left', () => zombies().length === 0);
    await until('the descriptors are those from before', () => sameCounts(counts(ownDescriptors()), descriptors));
    const orlop = await Orlop.open(fixture());
    await until('all is removed', async () => {
      await Orlop.open(fixture());
      return JSON.stringify(storeContent(fixture())) === JSON.stringify(before);
    });
    expect((await orlop.run('busybox', ['echo', 'well'])).stdout).to.equal('well\n');
  });
});
