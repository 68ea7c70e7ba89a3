import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { Store } from '../../../ts/store/store.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { kill, startWorker, untilSaid } from '../../support/workers.ts';

describe('locks between processes', function () {
  this.timeout(120_000);
  requires('addon');
  const directory = temporaryDirectory();
  const root = (): string => join(directory(), 'root');
  const run = (): string => join(directory(), 'run');

  it('let one at a time in', async () => {
    const counter = join(directory(), 'counter');
    await writeFile(counter, '0');
    const workers = [1, 2, 3].map(() => startWorker(root(), run(), 'count', counter));
    for (const worker of workers) worker.stdout?.resume();
    const codes = await Promise.all(workers.map(async (worker) => (await once(worker, 'exit'))[0]));
    expect(codes).to.deep.equal([0, 0, 0]);
    expect(await readFile(counter, 'utf8')).to.equal('150');
  });

  it('are free when their holder was killed', async () => {
    const store = await Store.open({ root: root(), run: run(), native: loadNative() });
    const worker = startWorker(root(), run(), 'hold');
    try {
      await untilSaid(worker, 'held');
      expect(await store.tryLock('volume', 'held', 'shared')).to.equal(null);
      const waiting = store.lock('volume', 'held', 'exclusive');
      await kill(worker);
      await (await waiting).release();
    } finally {
      await kill(worker);
    }
  });
});
