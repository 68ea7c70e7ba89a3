import { closeSync, openSync, readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { loadNative } from '../../../ts/native/binding.ts';
import { addonFile } from '../../support/addon.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { shell, withDirectory } from '../../support/trees.ts';

describe('work on file trees', () => {
  requires('addon');
  const temporary = temporaryDirectory();

  it('syncs the file system of a descriptor', async () => {
    expect(await withDirectory(temporary(), (fd) => loadNative().syncfs(fd))).to.equal(undefined);
    const error = await loadNative()
      .syncfs(-1)
      .catch((reason: unknown) => reason);
    expect(error).to.be.an('error').and.include({ code: 'EBADF', errno: -9, syscall: 'fcntl' });
  });

  it('rejects arguments of the wrong kind', async () => {
    const native = loadNative();
    const calls: [string, unknown[]][] = [
      ['syncfs', ['1']],
      ['openView', ['/']],
      ['openView', [[1]]],
      ['openInRoot', [0, 1, 0]],
      ['removeTree', [0]],
      ['copyTree', [0]],
      ['diff', []],
    ];
    for (const [name, values] of calls) {
      const call: unknown = Reflect.get(native, name);
      if (typeof call !== 'function') throw new Error(`${name} is missing`);
      const error = await Reflect.apply(call, native, values).catch((reason: unknown) => reason);
      expect(error, name).to.be.instanceOf(TypeError);
    }
  });

  it('goes on side by side', async () => {
    shell(temporary(), 'for i in $(seq 8); do mkdir -p $i/a/b; : >$i/a/f; done');
    const fd = openSync(temporary(), 'r');
    await Promise.all(readdirSync(temporary()).map((name) => loadNative().removeTree(fd, name)));
    closeSync(fd);
    expect(readdirSync(temporary())).to.deep.equal([]);
  });

  it('is done when the call returns, in an environment that does nothing meanwhile, and in no other', async () => {
    shell(temporary(), 'mkdir -p tree/a');
    const code = `
      const native = require(${JSON.stringify(addonFile)});
      const { existsSync, openSync } = require('node:fs');
      const { parentPort, workerData } = require('node:worker_threads');
      native.workAtOnce();
      const removed = native.removeTree(openSync(workerData), 'tree');
      const done = !existsSync(workerData + '/tree');
      const failed = native.openInRoot(openSync(workerData), 'missing', 0);
      Promise.allSettled([removed, failed]).then(([one, other]) =>
        parentPort.postMessage([done, one.status, other.reason.code]));`;
    const worker = new Worker(code, { eval: true, workerData: temporary() });
    const told = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    expect(told).to.deep.equal([true, 'fulfilled', 'ENOENT']);
    expect(await withDirectory(temporary(), (fd) => loadNative().treeSize(fd))).to.include({ entries: 0 });
  });

  it('survives the end of the worker that asked for it', async () => {
    const code = `
      const native = require(${JSON.stringify(addonFile)});
      const fd = require('node:fs').openSync('/etc');
      for (let i = 0; i < 60; i++) native.treeSize(fd).catch(() => {});
      native.openInRoot(fd, 'passwd', 0).catch(() => {});
      require('node:worker_threads').parentPort.postMessage('asked');`;
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(code, { eval: true });
      await new Promise((done) => worker.once('message', done));
      expect(await worker.terminate()).to.equal(1);
    }
  });
});
