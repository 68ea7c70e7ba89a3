import { realpath } from 'node:fs/promises';
import { privateDirectory } from './directory.ts';
import { homeDirectory } from './home.ts';
import { chooseRoot, chooseRun, type RootFacts } from './roots.ts';

/** Directories of a store. They exist, and belong to the caller. */
export interface Places {
  /** Real path: a path through a symlink must find the same locks. */
  readonly root: string;
  readonly run: string;
  /** True if `run` lies beside those of other stores. */
  readonly shared: boolean;
}

/**
 * Finds the directories of a store, and creates those that are missing.
 *
 * @throws RequestError ORLOP_E_STORE
 */
export async function findPlaces(options: {
  /** Directory of the store; see `chooseRoot`. */
  readonly root?: string | undefined;
  /** Directory for locks and for records that a reboot may delete; see `chooseRun`. */
  readonly run?: string | undefined;
}): Promise<Places> {
  const facts: RootFacts = {
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    get home() {
      return homeDirectory();
    },
    cwd: process.cwd(),
  };
  const chosen = chooseRoot(options.root, facts);
  await privateDirectory(chosen);
  const root = await realpath(chosen);
  const directories = chooseRun(options.run, root, facts);
  for (const directory of directories) await privateDirectory(directory, 'run');
  return { root, run: directories.at(-1) ?? '', shared: directories.length > 1 };
}
