import { RequestError } from '../../errors/index.ts';
import type { Native } from '../../native/contract.ts';
import type { ImageId, ResolvedImage, ResolvedUser } from '../types.ts';
import { readFileIn } from './read-file.ts';
import { findUser, parseGroup, parsePasswd, type UserDatabase, withGroups } from './users.ts';

const longestFile = 10 * 1024 * 1024;

const known = new Map<ImageId, Promise<UserDatabase>>();
const maxKnownImages = 64;

/** What a request says of the user: `user[:group]`, empty for root, and further groups. */
export interface UserRequest {
  readonly spec: string;
  readonly groupAdd: readonly string[];
}

/**
 * Resolves a user in an image, and caches the users of the image by its ID, which is the sum of its content.
 *
 * @param open opens the view of the image, without volumes, whose files are not the image's; called only if the image's
 * users are not cached. Root of the host needs no view, which would cost a mount
 * @throws {RequestError} ORLOP_E_NO_USER
 */
export async function resolveImageUser(
  native: Native,
  { id, reference }: Pick<ResolvedImage, 'id' | 'reference'>,
  { spec, groupAdd }: UserRequest,
  open: () => Promise<number>,
): Promise<ResolvedUser> {
  const found = (users: UserDatabase) =>
    withGroups(findUser(spec === '' ? '0' : spec, users, reference), groupAdd, users, reference);
  if (id === 'host') {
    if (spec === '' && groupAdd.length === 0) return { uid: 0, gid: 0, groups: [], home: '/root' };
    // Users of the host can change, so they are not cached.
    return found(await readUsers(native, await open(), reference));
  }
  let database = known.get(id);
  if (database === undefined) {
    database = open().then((view) => readUsers(native, view, reference));
    if (known.size >= maxKnownImages) known.clear();
    known.set(id, database);
    database.catch(() => known.delete(id));
  }
  return found(await database);
}

/** Reads `/etc/passwd` and `/etc/group`. An image without these files has no users and no groups. */
export async function readUsers(native: Native, view: number, image: string): Promise<UserDatabase> {
  const passwd = await readText(native, view, '/etc/passwd', image);
  const group = await readText(native, view, '/etc/group', image);
  return { users: parsePasswd(passwd), groups: parseGroup(group) };
}

async function readText(native: Native, view: number, path: string, image: string): Promise<string> {
  const content = await readFileIn(native, view, path, longestFile);
  if (content === 'missing') return '';
  if (typeof content !== 'string') return content.toString('utf8');
  const why = content === 'special' ? 'it is not a regular file' : `it has more than ${longestFile} bytes`;
  throw new RequestError('ORLOP_E_NO_USER', `${path} of image '${image}' cannot be read: ${why}`, {
    hint: 'repair the image: numbers are looked up there too',
  });
}
