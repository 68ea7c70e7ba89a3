import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { OrlopRuntime } from '../../ts/index.ts';
import { Orlop } from '../../ts/index.ts';
import { openSite } from '../../ts/native/open-site.ts';
import { busyboxArchive, type Extra } from './busybox.ts';

export interface Fixture {
  /** Directory of the test file; it contains `root` and `run` of the store. */
  readonly directory: string;
  readonly root: string;
  readonly run: string;
  readonly orlop: OrlopRuntime;
  /** Closes the runtime, which waits until all that was removed is gone, and opens another in its place. */
  settle(): Promise<void>;
}

/** Removes a directory with the files of all users of a container, which are not the caller's without root. */
export async function removeAll(path: string): Promise<void> {
  const native = await openSite();
  const parent = openSync(dirname(path), 'r');
  await native.removeTree(parent, basename(path)).finally(() => closeSync(parent));
}

/**
 * An open store with the image `busybox`, made once for the tests of a `describe` and removed after them. The returned
 * function gives it during a test.
 *
 * @param mount mounts the test's own file system at `root`, within the test's mount namespace
 */
export function withOrlop(extra: Extra = {}, mount?: (root: string, directory: string) => void): () => Fixture {
  let fixture: Fixture | undefined;
  before(async function () {
    this.timeout(120_000);
    const directory = mkdtempSync(join('/var/tmp', 'orlop-test-'));
    const root = join(directory, 'root');
    const run = join(directory, 'run');
    mkdirSync(run, { mode: 0o700 });
    if (mount !== undefined) {
      mkdirSync(root);
      mount(root, directory);
      chmodSync(root, 0o700);
    }
    const orlop = await Orlop.open({ root, run });
    await orlop.images.import(busyboxArchive(directory, extra), { reference: 'busybox' });
    const opened = {
      directory,
      root,
      run,
      orlop,
      settle: async () => {
        await opened.orlop.close();
        opened.orlop = await Orlop.open({ root, run });
      },
    };
    fixture = opened;
  });
  after(async () => {
    await fixture?.orlop.close();
    if (fixture === undefined) return;
    if (mount !== undefined) execFileSync('umount', [fixture.root]);
    await removeAll(fixture.directory);
  });
  return () => {
    if (fixture === undefined) throw new Error('the fixture is not ready');
    return fixture;
  };
}

/** Commits an image that adds a file `/mark` with the text `marked` to `busybox`. */
export async function commitMarked(orlop: OrlopRuntime, reference: string): Promise<void> {
  const marked = await orlop.create('busybox', ['sh', '-c', 'echo marked > /mark']);
  await (await marked.start()).exited;
  await marked.commit(reference);
  await marked.remove();
}
