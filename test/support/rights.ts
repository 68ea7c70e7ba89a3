import { inside, isOneId } from '../../ts/native/ids.ts';
import { openSite } from '../../ts/native/open-site.ts';

// What the user of the tests may do: root, or an ordinary user, with a range of IDs or with one.

/** True in a user namespace with one ID, which has no owner but root. */
export async function hasOneId(): Promise<boolean> {
  return isOneId((await openSite()).rights.users);
}

/** The owner of a file of the host as a container sees it. */
export async function seenInside({ uid, gid }: { readonly uid: number; readonly gid: number }): Promise<number[]> {
  const { users, groups } = (await openSite()).rights;
  return [inside(users, uid), inside(groups, gid)];
}
