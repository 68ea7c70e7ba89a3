import { RequestError } from '../errors/index.ts';
import type { Native } from '../native/contract.ts';
import { readFileIn } from './read-file.ts';
import type { ResolvedUser } from './types.ts';
import { findUser, parseGroup, parsePasswd, type UserDatabase } from './users.ts';

const longestFile = 10 * 1024 * 1024;

/**
 * Who `user[:group]` is in an image or a container.
 *
 * @param view descriptor of its root directory, as `openView` makes it: without volumes, whose files are not the image's
 * @throws {RequestError} ORLOP_E_NO_USER
 */
export async function resolveUser(native: Native, view: number, spec: string, image: string): Promise<ResolvedUser> {
  return findUser(spec, await readUsers(native, view, image), image);
}

/** Reads `/etc/passwd` and `/etc/group`; an image without them has no users and no groups. */
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
