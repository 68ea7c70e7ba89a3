import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive, type Extra } from './busybox.ts';
import { type CliResult, cli } from './cli.ts';
import { removeAll } from './orlop.ts';
import { runDirectory } from './run-directory.ts';

export interface CliStore {
  /** Directory of the test file. */
  readonly directory: string;
  readonly root: string;
  /** Run directory of the store. */
  readonly run: string;
  /** Archive of the image `busybox`. */
  readonly archive: string;
  orlop(args: readonly string[], options?: Parameters<typeof cli>[2]): Promise<CliResult>;
}

/** A store of the test file, used by the built command line only, with the image `busybox`. */
export function withCliStore(extra: Extra = {}): () => CliStore {
  let store: CliStore | undefined;
  before(async function () {
    this.timeout(120_000);
    const directory = realpathSync(mkdtempSync('/var/tmp/orlop-test-'));
    const root = join(directory, 'root');
    mkdirSync(root, { mode: 0o700 });
    const run = runDirectory(root);
    const archive = busyboxArchive(directory, extra);
    store = {
      directory,
      root,
      run,
      archive,
      orlop: (args, options) => cli(root, args, { cwd: directory, ...options }),
    };
    const imported = await store.orlop(['import', archive, 'busybox']);
    expect(imported.code, imported.stderr).to.equal(0);
  });
  after(async () => {
    if (store === undefined) return;
    await removeAll(store.directory);
    await removeAll(store.run);
  });
  return () => {
    if (store === undefined) throw new Error('the store is not ready');
    return store;
  };
}

/** All objects below a directory with type, mode, owner, and content: equal listings mean equal trees. */
export function listing(directory: string): string[] {
  const lines: string[] = [];
  const walk = (path: string, name: string): void => {
    const facts = lstatSync(path);
    const what = [name, facts.mode.toString(8), facts.uid, facts.gid];
    if (facts.isSymbolicLink()) what.push(readlinkSync(path));
    if (facts.isFile()) what.push(facts.size, createHash('sha256').update(readFileSync(path)).digest('hex'));
    lines.push(what.join(' '));
    if (facts.isDirectory()) for (const entry of readdirSync(path).sort()) walk(join(path, entry), join(name, entry));
  };
  walk(directory, '.');
  return lines;
}
