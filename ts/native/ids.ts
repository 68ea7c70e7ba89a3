/** A range of a map of users or groups, user_namespaces(7). */
export interface IdRange {
  /** First ID in the user namespace. */
  readonly inside: number;
  /** First ID on the host. */
  readonly outside: number;
  readonly count: number;
}

export type IdMap = readonly IdRange[];

/** The maps of a user namespace. */
export interface IdMaps {
  readonly users: IdMap;
  readonly groups: IdMap;
}

/** Map of the initial user namespace. */
export const allIds: IdMap = [{ inside: 0, outside: 0, count: 4294967295 }];

/** The ID in the namespace, as which files of a host's ID show there; the overflow ID where there is none. Pure. */
export function inside(map: IdMap, outside: number): number {
  const range = map.find((one) => outside >= one.outside && outside < one.outside + one.count);
  return range === undefined ? overflowId : range.inside + (outside - range.outside);
}

/** /proc/sys/kernel/overflowuid, by default. */
const overflowId = 65534;

export function isMapped(map: IdMap, id: number): boolean {
  return map.some((one) => id >= one.inside && id < one.inside + one.count);
}

/** True if the namespace has the caller alone, as root. Pure. */
export function isOneId(map: IdMap): boolean {
  return map.length === 1 && map[0]?.count === 1;
}

/** Lines of /proc/PID/uid_map. Pure. */
export function formatMap(map: IdMap): string {
  return map.map(({ inside: first, outside, count }) => `${first} ${outside} ${count}\n`).join('');
}

/** Reads /proc/PID/uid_map. Pure. */
export function parseMap(text: string): IdMap {
  const lines = text.trim().split('\n');
  return lines.map((line) => {
    const [first = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside: first, outside, count };
  });
}

/** The map of a namespace that has the IDs of the one around it, under the same numbers. Pure. */
export function sameIds(around: IdMap): IdMap {
  return around.map(({ inside: first, count }) => ({ inside: first, outside: first, count }));
}

/** IDs that an image may have, as Podman maps them: root is the caller, the others are of the subordinate range. */
const wanted = 65536;

/**
 * The map for a caller, by /etc/subuid or /etc/subgid (subuid(5)): lines `NAME:FIRST:COUNT`, where NAME is a name or
 * a number. One ID if no range is assigned that has enough.
 *
 * @param own the caller's ID, of a user or a group
 * @param names by which the file may name the caller: user name and number, for groups too
 */
export function mapOf(file: string, own: number, names: readonly string[]): IdMap {
  const root = { inside: 0, outside: own, count: 1 };
  for (const line of file.split('\n')) {
    const [name = '', first, count] = line.trim().split(':');
    if (!names.includes(name) || !/^\d+$/.test(first ?? '') || !/^\d+$/.test(count ?? '')) continue;
    if (Number(count) >= wanted - 1) return [root, { inside: 1, outside: Number(first), count: wanted - 1 }];
  }
  return [root];
}

/** Commands that assign a range. */
export const addRange =
  'assign a range: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"; ' +
  'newuidmap and newgidmap are in the package uidmap';
