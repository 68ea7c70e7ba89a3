import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { chooseRun } from '../../ts/store/roots.ts';

/** Run directory of a store that is opened by root alone, as by the command line. The root exists. */
export function runDirectory(root: string): string {
  const facts = { env: process.env, uid: process.getuid?.() ?? 0, home: homedir(), cwd: '/' };
  const run = chooseRun(undefined, realpathSync(root), facts).at(-1);
  if (run === undefined) throw new Error(`${root} has no directory below /run`);
  return run;
}
