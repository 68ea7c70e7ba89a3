import { join } from 'node:path';
import * as v from 'valibot';
import { RequestError } from '../errors/index.ts';
import { formatMap, isOneId } from '../native/ids.ts';
import { type Marks, marksOf, type Rights } from '../native/rights.ts';
import { readRecord, recordSchema, writeRecord } from './record.ts';
import { errorCode } from './system-error.ts';

/**
 * How the files of a store are to be read: the IDs that own them, and the marks that overlayfs writes. Under other IDs
 * they belong to nobody; with other marks, what a container has deleted is back.
 */
export interface Ownership {
  /** Lines of /proc/PID/uid_map. */
  readonly users: string;
  readonly groups: string;
  readonly marks: Marks;
}

const schema = recordSchema(() =>
  v.object({ users: v.string(), groups: v.string(), marks: v.picklist(['trusted', 'user']) }),
);

/** Pure. */
export function ownershipOf(rights: Rights): Ownership {
  return { users: formatMap(rights.users), groups: formatMap(rights.groups), marks: marksOf(rights) };
}

/**
 * Records how the files of a new store are written, and refuses a store that another caller wrote.
 *
 * @throws RequestError ORLOP_E_STORE
 */
export async function checkOwnership(root: string, rights: Rights): Promise<void> {
  // Such a caller only looks at records.
  if (rights.kind === 'none') return;
  const path = join(root, 'ownership.json');
  const now = ownershipOf(rights);
  const before = await readRecord(path, schema);
  if (before !== null && isSame(before, now)) return;
  if (before !== null && !isWider(before, now)) throw refusal(root, before, rights);
  await writeRecord(path, now, { durable: true }).catch((error: unknown) => {
    if (errorCode(error) !== 'EROFS') throw error;
  });
}

function isSame(one: Ownership, other: Ownership): boolean {
  return one.users === other.users && one.groups === other.groups && one.marks === other.marks;
}

/** True if a range was assigned to a caller who had one ID: the caller is root in both, and owns all that is there. */
function isWider(before: Ownership, now: Ownership): boolean {
  const grows = (from: string, to: string) => from === to || (lines(from) === 1 && to.startsWith(from));
  return before.marks === now.marks && grows(before.users, now.users) && grows(before.groups, now.groups);
}

function lines(map: string): number {
  return map.split('\n').length - 1;
}

function refusal(root: string, before: Ownership, rights: Rights): RequestError {
  const now = ownershipOf(rights);
  const message = `the store '${root}' was written with ${describe(before)}; now the caller has ${describe(now, before)}`;
  return new RequestError('ORLOP_E_STORE', message, { hint: hintOf(before, rights) });
}

function hintOf(before: Ownership, rights: Rights): string {
  const another = 'choose another store with --root or ORLOP_ROOT';
  if (before.marks === 'trusted') return `run it as root with all capabilities, or ${another}`;
  if (rights.userNamespace === null)
    return `run it as before, without the capabilities of the machine's root, or ${another}`;
  if (isOneId(rights.users) && lines(before.users) > 1)
    return `${rights.narrow ?? 'no range is assigned'}; or ${another}`;
  return `have the IDs of before in /etc/subuid and /etc/subgid, and the same group, or ${another}`;
}

/** The IDs in words; of two that differ in groups alone, the groups. Pure. */
export function describe({ users, groups, marks }: Ownership, beside?: Ownership): string {
  if (marks === 'trusted') return `all IDs of the machine's root`;
  const isOfGroups = beside?.users === users && beside.groups !== groups;
  const [what, map] = isOfGroups ? ['group', groups] : ['user', users];
  const ranges = map
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .map(([, outside = 0, count = 0]) => (count === 1 ? `${outside}` : `${outside} to ${outside + count - 1}`));
  return `${ranges.length === 1 && !ranges[0]?.includes('to') ? `one ${what} ID,` : `${what} IDs`} ${ranges.join(', ')}`;
}
