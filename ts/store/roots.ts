import { join, resolve } from 'node:path';
import { fileNameFor } from './file-name.ts';

/** Facts that decide the location of a store, passed in to keep the decision pure. */
export interface RootFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly home: string;
  readonly cwd: string;
}

/** Directory of the store: `--root`, then `ORLOP_ROOT`, then /var/lib/orlop for root, or the user's data directory. */
export function chooseRoot(option: string | undefined, facts: RootFacts): string {
  const given = option ?? facts.env.ORLOP_ROOT;
  if (given !== undefined && given !== '') return resolve(facts.cwd, given);
  return defaultRoot(facts);
}

function defaultRoot(facts: RootFacts): string {
  if (facts.uid === 0) return '/var/lib/orlop';
  // `home` is read only here, because root does not need it.
  return join(absolute(facts.env.XDG_DATA_HOME) ?? resolve(facts.cwd, facts.home, '.local/share'), 'orlop');
}

/** Ignores a relative path (XDG Base Directory Specification), which would depend on the working directory. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}

/**
 * Directory for data that a reboot deletes: locks and the records of foreground containers. It comes last, after its
 * parents, which must be private too.
 *
 * Every root has its own: two stores in one run directory would sweep each other's containers. `root` is the real path
 * of the store, because a path through a symlink must find the same locks.
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
