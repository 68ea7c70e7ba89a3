import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { homeDirectory } from './home.ts';
import { chooseRoot, chooseRun, type RootFacts } from './roots.ts';

const root: RootFacts = { env: {}, uid: 0, home: '/root', cwd: '/' };

/** Directories of root's stores: the usual ones, and all that were opened since the machine was started. */
export async function storesOfRoot(): Promise<string[]> {
  const run = usualRun(root);
  // `Store.open` links the run directory of each other store to it.
  const others = join(run, 'roots');
  const names = await readdir(others).catch(() => []);
  const found = await Promise.all(names.map((name) => readlink(join(others, name, 'root')).catch(() => null)));
  return [chooseRoot(undefined, root), run, ...found.filter((path) => path !== null)];
}

/** Directory with the run directories of the caller's stores, and with code that the command line executes. */
export function callersRun(): string {
  return usualRun({
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    get home() {
      return homeDirectory();
    },
    cwd: '/',
  });
}

function usualRun(facts: RootFacts): string {
  return chooseRun(undefined, '', facts)[0] ?? '';
}
