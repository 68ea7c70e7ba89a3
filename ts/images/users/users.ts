import { RequestError } from '../../errors/index.ts';
import type { ResolvedUser } from '../types.ts';

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Users and groups of an image. */
export interface UserDatabase {
  readonly users: readonly PasswdEntry[];
  readonly groups: readonly GroupEntry[];
}

/** setresuid(2) takes 2^32 - 1 for "no change". */
const maxId = 0xffff_fffe;

/** Parses a user or group ID: decimal, whole, in range; null for any other text, such as `1x`. */
export function parseId(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= maxId ? id : null;
}

/** Parses passwd(5). Malformed lines are skipped: half a line must not become user 0. */
export function parsePasswd(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':');
    const [uid, gid] = [parseId(uidText), parseId(gidText)];
    if (name === '' || name.startsWith('#') || uid === null || gid === null) return [];
    return [{ name, uid, gid, home }];
  });
}

/** Parses group(5). */
export function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gidText = '', members = ''] = line.split(':');
    const gid = parseId(gidText);
    if (name === '' || name.startsWith('#') || gid === null) return [];
    return [{ name, gid, members: members.split(',').filter((member) => member !== '') }];
  });
}

/**
 * Resolves `user[:group]`, names or numbers. A number is never looked up as a name: a user of the image called `1000`
 * must not define uid 1000 (CVE-2016-3697). With a group, there are no supplementary groups.
 *
 * @param spec empty for root
 * @param image name of the image, for errors
 * @throws {RequestError} ORLOP_E_NO_USER
 */
export function findUser(spec: string, { users, groups }: UserDatabase, image: string): ResolvedUser {
  const [userPart = '', groupPart, ...rest] = spec.split(':');
  if (rest.length > 0 || (userPart === '' && spec !== '') || groupPart === '') {
    throw new RequestError('ORLOP_E_NO_USER', `'${spec}' is not a user`, {
      hint: `write 'user', 'user:group' or 'uid:gid'`,
    });
  }
  const user = userPart === '' ? byUid(users, 0) : lookUp(userPart, 'user', users, image);
  if (groupPart === undefined) {
    return { ...idsOf(user), groups: supplementary(user.name, groups), home: homeOf(user) };
  }
  const { gid } = lookUp(groupPart, 'group', groups, image);
  return { uid: user.uid, gid, groups: [], home: homeOf(user) };
}

/**
 * Adds groups, by name or number, to those of a user.
 *
 * @throws {RequestError} ORLOP_E_NO_USER
 */
export function withGroups(
  user: ResolvedUser,
  added: readonly string[],
  { groups }: UserDatabase,
  image: string,
): ResolvedUser {
  if (added.length === 0) return user;
  const ids = added.map((text) => lookUp(text, 'group', groups, image).gid);
  return { ...user, groups: [...new Set([...user.groups, ...ids])].sort((a, b) => a - b) };
}

function lookUp(text: string, kind: 'user', list: readonly PasswdEntry[], image: string): PasswdEntry;
function lookUp(text: string, kind: 'group', list: readonly GroupEntry[], image: string): { gid: number };
function lookUp(
  text: string,
  kind: 'user' | 'group',
  list: readonly (PasswdEntry | GroupEntry)[],
  image: string,
): PasswdEntry | { gid: number } {
  if (/^[+-]?\d/.test(text)) {
    const id = parseId(text);
    if (id === null) {
      throw new RequestError('ORLOP_E_NO_USER', `'${text}' is not a ${kind} ID`, {
        hint: `an ID is a whole number from 0 to ${maxId}`,
      });
    }
    return kind === 'user' ? byUid(list as readonly PasswdEntry[], id) : { gid: id };
  }
  const found = list.find((entry) => entry.name === text);
  if (found !== undefined) return found;
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
  throw new RequestError('ORLOP_E_NO_USER', `image '${image}' has no ${kind} '${text}' in its ${file}`, {
    hint: 'use a number, or a name that the image has',
  });
}

/** A number needs no entry. Without one, the group is root's, as in Docker. */
function byUid(users: readonly PasswdEntry[], uid: number): PasswdEntry {
  return users.find((entry) => entry.uid === uid) ?? { name: '', uid, gid: 0, home: '' };
}

function idsOf({ uid, gid }: PasswdEntry): { uid: number; gid: number } {
  return { uid, gid };
}

function supplementary(name: string, groups: readonly GroupEntry[]): number[] {
  if (name === '') return [];
  const ids = groups.filter((group) => group.members.includes(name)).map((group) => group.gid);
  return [...new Set(ids)].sort((a, b) => a - b);
}

function homeOf({ home }: PasswdEntry): string {
  return home.startsWith('/') && !home.includes('\0') ? home : '/';
}
