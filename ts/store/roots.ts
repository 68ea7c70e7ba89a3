import { join, resolve } from 'node:path';
import { fileNameFor } from './file-name.ts';

/** What the place of a store depends on; passed in, so that the decision is pure. */
export interface RootFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly home: string;
  readonly cwd: string;
}

/** Directory of the store: `--root`, then `ORLOP_ROOT`, then the system's place, or the user's when not root. */
export function chooseRoot(option: string | undefined, facts: RootFacts): string {
  const given = option ?? facts.env.ORLOP_ROOT;
  if (given !== undefined && given !== '') return resolve(facts.cwd, given);
  return defaultRoot(facts);
}

function defaultRoot(facts: RootFacts): string {
  if (facts.uid === 0) return '/var/lib/orlop';
  // Asked for here and not before: root's is not needed.
  return join(absolute(facts.env.XDG_DATA_HOME) ?? resolve(facts.cwd, facts.home, '.local/share'), 'orlop');
}

/** A relative path in such a variable is to be ignored (XDG Base Directory Specification): each directory would have its own. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}

/**
 * Directory of what a reboot loses: locks and the records of foreground containers. It comes last; those before it are
 * its parents, which have to be as private.
 *
 * Every root has one of its own: two stores that shared it would sweep each other's containers. `root` is the real path
 * of the store, because the same store by way of a symlink must find the same locks.
 */
export function chooseRun(option: string | undefined, root: string, facts: RootFacts): readonly string[] {
  if (option !== undefined && option !== '') return [resolve(facts.cwd, option)];
  const base = facts.uid === 0 ? '/run/orlop' : userRun(facts);
  if (root === defaultRoot(facts)) return [base];
  return [base, join(base, 'roots'), join(base, 'roots', fileNameFor(root))];
}

function userRun({ env, uid }: RootFacts): string {
  const runtime = absolute(env.XDG_RUNTIME_DIR);
  return runtime === undefined ? `/tmp/orlop-${uid}` : join(runtime, 'orlop');
}
