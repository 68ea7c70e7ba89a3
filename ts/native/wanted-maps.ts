import type { CapabilityName } from '../linux/capabilities.ts';
import { type IdMaps, isOneId, mapOf, parseMap, sameIds } from './ids.ts';

/** Facts that decide which user namespace a caller gets. */
export interface MapFacts {
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: readonly CapabilityName[];
  /** Contents of /proc/self/uid_map and gid_map. */
  readonly own: { readonly users: string; readonly groups: string };
  /** Contents of /etc/passwd, /etc/subuid, /etc/subgid. */
  readonly files: { readonly passwd: string; readonly user: string; readonly group: string };
  /** Paths of newuidmap(1) and newgidmap(1); empty: there is none. */
  readonly helpers: { readonly newuidmap: string; readonly newgidmap: string };
}

/** One way to make the namespace. */
export interface WantedMaps extends IdMaps {
  /** Programs that write the maps; empty: orlop-launcher writes them. */
  readonly newuidmap: string;
  readonly newgidmap: string;
}

export interface Wanted {
  /** The ways to try, the best first. */
  readonly ways: readonly WantedMaps[];
  /** Why there is no way to a range; null if there is one. */
  readonly narrow: string | null;
}

const byItself = { newuidmap: '', newgidmap: '' } as const;

/** Pure. */
export function wantedMaps(facts: MapFacts): Wanted {
  const { uid, gid, helpers } = facts;
  const one: WantedMaps = { users: mapOf('', uid, []), groups: mapOf('', gid, []), ...byItself };
  // Root of a container: what it may do with the IDs that it has, it does without a helper (user_namespaces(7)).
  if (uid === 0) {
    const lacking = (['CAP_SETUID', 'CAP_SETGID'] as const).filter((name) => !facts.capabilities.includes(name));
    if (lacking.length > 0) return { ways: [one], narrow: `root has no ${lacking.join(' and no ')}` };
    const users = sameIds(parseMap(facts.own.users));
    return { ways: [{ users, groups: sameIds(parseMap(facts.own.groups)), ...byItself }, one], narrow: null };
  }
  const range = rangesOf(facts, facts.files);
  if (isOneId(range.users)) return { ways: [one], narrow: `/etc/subuid assigns no range to uid ${uid}` };
  if (isOneId(range.groups)) return { ways: [one], narrow: `/etc/subgid assigns no range to uid ${uid}` };
  const missing = (['newuidmap', 'newgidmap'] as const).filter((name) => helpers[name] === '');
  if (missing.length > 0) return { ways: [one], narrow: `${missing.join(' and ')} cannot be found` };
  return { ways: [{ ...range, ...helpers }, one], narrow: null };
}

/** Pure. */
export function rangesOf(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  files: { readonly passwd: string; readonly user: string; readonly group: string },
): IdMaps {
  const accounts = files.passwd.split('\n').map((line) => line.split(':'));
  const named = accounts.filter(([, , id]) => id === `${uid}`).map(([name = '']) => name);
  const names = [...named, `${uid}`];
  return { users: mapOf(files.user, uid, names), groups: mapOf(files.group, gid, names) };
}
