import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { chooseRun } from '../../ts/store/roots.ts';

/** Removes what a store that was opened by its root alone has below /run: nothing else knows when such a root is gone. */
export function removeRunDirectory(root: string): void {
  const facts = { env: process.env, uid: process.getuid?.() ?? 0, home: homedir(), cwd: '/' };
  const run = chooseRun(undefined, root, facts).at(-1);
  if (run !== undefined) rmSync(run, { recursive: true, force: true });
}
