import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Native } from '../../../ts/native/contract.ts';
import { Ranges } from '../../../ts/prefetch/ranges.ts';
import { fakeNative } from '../../support/fake-native.ts';

describe('the IDs of containers', () => {
  let directory = '';
  let made: string[] = [];
  let closed: number[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'orlop-test-'));
    made = [];
    closed = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function ranges(changes: Partial<Native> = {}): Ranges {
    const makeUserNamespace = async (map: string) => made.push(map) + 1000;
    const native = fakeNative({ makeUserNamespace, ...changes });
    const { closeSync } = native;
    const note = (descriptor: number) => (descriptor > 1000 ? void closed.push(descriptor) : closeSync(descriptor));
    return new Ranges({ ...native, closeSync: note }, () => directory);
  }

  it('are of no two containers, and are used again, with their namespace', async () => {
    const all = ranges();
    const [one, two] = [await all.take(65536), await all.take(65536)];
    expect(made).to.deep.equal(['0 3221225472 65536\n', '0 3221291008 65536\n']);
    all.release(one);
    expect(await all.take(65536)).to.equal(one);
    expect(made).to.have.length(2);
    // Twice is once.
    all.release(two);
    all.release(two);
    expect([await all.take(65536), (await all.take(65536)).first.user]).to.deep.equal([two, 3221356544]);
    expect(closed).to.deep.equal([]);
  });

  it('of a size take as many steps', async () => {
    const all = ranges();
    await all.take(100_000);
    await all.take(10);
    expect(made).to.deep.equal(['0 3221225472 100000\n', '0 3221356544 10\n']);
  });

  it('need no directory before one is taken, which a caller without a home has not', async () => {
    const none = () => {
      throw new Error('no home');
    };
    const all = new Ranges(fakeNative(), none);
    expect(await all.take(65536).catch((error: Error) => error.message)).to.equal('no home');
    all.close();
  });

  it('that the caller chose are not kept', async () => {
    const all = ranges();
    const range = await all.chosen({ user: 5, group: 6 }, 7);
    expect(made).to.deep.equal(['0 5 7\n']);
    all.release(range);
    expect(closed).to.deep.equal([range.descriptor]);
  });

  it('are given back where the namespace cannot be made', async () => {
    let fails = true;
    const makeUserNamespace = async (map: string) => {
      if (fails) throw new Error('ENOSPC');
      return made.push(map);
    };
    const all = ranges({ makeUserNamespace });
    expect(await all.take(65536).catch((error: Error) => error.message)).to.equal('ENOSPC');
    fails = false;
    all.close();
    await ranges({ makeUserNamespace }).take(65536);
    expect(made).to.deep.equal(['0 3221225472 65536\n']);
  });

  it('are given back where there are too many of them for open files', async () => {
    let left = 3;
    const { tryLock } = fakeNative();
    const all = ranges({
      tryLock(file, mode) {
        if (left-- === 0) throw new Error('EMFILE');
        return tryLock(file, mode);
      },
    });
    expect(await all.take(65536 * 9).catch((error: Error) => error.message)).to.equal('EMFILE');
    await all.take(65536);
    expect(made).to.deep.equal(['0 3221225472 65536\n']);
  });

  it('end with the runtime', async () => {
    const all = ranges();
    const range = await all.take(65536);
    all.release(range);
    all.close();
    expect(closed).to.deep.equal([range.descriptor]);
  });
});
