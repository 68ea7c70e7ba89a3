import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop } from '../../../ts/index.ts';
import { storeContent } from '../../support/facts-of-life.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, skipOrFail } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

describe('a container whose record cannot be written', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  /** Makes a directory unwritable, for root too; skips or fails the test where the file system cannot. */
  function seal(test: Mocha.Context, path: string): Disposable {
    try {
      execFileSync('chattr', ['+i', path], { stdio: 'ignore' });
    } catch (cause) {
      skipOrFail(test, `the file system of ${path} has no immutable directories`, cause);
    }
    return { [Symbol.dispose]: () => execFileSync('chattr', ['-i', path]) };
  }

  const runsWith = (argument: string) =>
    readdirSync('/proc').some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${argument}\0`;
      } catch {
        return false;
      }
    });

  for (const rm of [true, false]) {
    it(`does not run, when it is ${rm ? 'ephemeral' : 'durable'}`, async function () {
      const before = storeContent(fixture());
      // A number that no other test on this machine has.
      const seconds = `1000${process.pid}.${rm ? 1 : 2}`;
      const container = await fixture().orlop.create('busybox', ['sleep', seconds], { rm });
      const directory = rm ? join(fixture().run, 'containers') : join(fixture().root, 'containers');
      {
        using _sealed = seal(this, join(directory, container.id));
        const error = await container
          .start()
          .then((running) => running.exited)
          .catch((reason: unknown) => reason);
        expect((error as NodeJS.ErrnoException).code).to.equal('EPERM');
        await until('it has ended', () => !runsWith(seconds));
      }
      await container.remove({ force: true }).catch(() => {});
      const orlop = await Orlop.open(fixture());
      expect((await orlop.containers.list({ all: true })).items).to.deep.equal([]);
      expect(storeContent(fixture())).to.deep.equal(before);
    });
  }
});
