import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { printable } from '../errors/printable.ts';
import type { LauncherRefusal, Native } from './contract.ts';
import { findExecutable } from './executable.ts';
import { formatMap, type IdMap, isOneId, mapOf } from './ids.ts';
import { noRights } from './rights.ts';

/** Steps of orlop-launcher, `native/launcher/calls.h`. */
const step = { userNamespace: 1, byHelper: 2, map: 3, mountNamespace: 4, propagation: 5 } as const;

/**
 * The addon's functions for a caller who is not root: orlop-launcher makes the privileged calls, in one user namespace
 * for the whole program, Workers too. With `rights.kind` `none` where there can be no such namespace.
 */
export async function userSite(addon: Native): Promise<Native> {
  const executable = findExecutable('orlop-launcher', 'ORLOP_LAUNCHER', process.env.ORLOP_LAUNCHER);
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  const files = { passwd: readIfAny('/etc/passwd'), user: readIfAny('/etc/subuid'), group: readIfAny('/etc/subgid') };
  const maps = rangesOf({ uid, gid }, files);
  const helpers = { newuidmap: inPath('newuidmap'), newgidmap: inPath('newgidmap') };
  const hasRange = !isOneId(maps.users) && !isOneId(maps.groups);
  const one: Maps = { users: mapOf('', uid, []), groups: mapOf('', gid, []) };
  const wanted = hasRange && helpers.newuidmap !== '' && helpers.newgidmap !== '' ? [maps, one] : [one];
  let refused: LauncherRefusal | undefined;
  for (const { users, groups } of wanted) {
    const options = { executable, uidMap: formatMap(users), gidMap: formatMap(groups), ...helpers };
    const result = await addon.startLauncher(options);
    if ('native' in result) {
      return { ...result.native, rights: { kind: 'user', userNamespace: result.userNamespace, users, groups } };
    }
    refused = result.refused;
    // A caller under no_new_privs cannot use the helpers, which are set-id programs.
    if (refused.step !== step.byHelper) break;
  }
  return { ...addon, rights: noRights(explain(refused)) };
}

interface Maps {
  readonly users: IdMap;
  readonly groups: IdMap;
}

/** Pure. */
export function rangesOf(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  files: { readonly passwd: string; readonly user: string; readonly group: string },
): Maps {
  const accounts = files.passwd.split('\n').map((line) => line.split(':'));
  const named = accounts.filter(([, , id]) => id === `${uid}`).map(([name = '']) => name);
  const names = [...named, `${uid}`];
  return { users: mapOf(files.user, uid, names), groups: mapOf(files.group, gid, names) };
}

function readIfAny(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Path of a program; empty if there is none. The directories of root's programs may not be in a user's PATH. */
function inPath(name: string): string {
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/usr/sbin', '/bin', '/sbin'];
  const isThere = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return (
    directories.map((directory) => join(directory, name)).find((path) => path.startsWith('/') && isThere(path)) ?? ''
  );
}

/** Why this caller can make no container, and what allows it. Pure. */
export function explain(refused: LauncherRefusal | undefined): RequestError {
  const why = refused === undefined ? '' : `: ${refused.message}`;
  const text = refused?.text ? ` (${printable(refused.text.trim())})` : '';
  return new RequestError(
    'ORLOP_E_PERMISSION',
    `a container takes root, or a user namespace, which this machine does not give${why}${text}`,
    { hint: hintOf(refused), cause: refused },
  );
}

function hintOf(refused: LauncherRefusal | undefined): string {
  if (refused === undefined) return 'run it with sudo';
  const { code, step: at } = refused;
  if (at === step.userNamespace && code === 'ENOSPC') {
    return 'too many user namespaces, or none are allowed: sysctl user.max_user_namespaces; or run it with sudo';
  }
  if (at === step.userNamespace && code === 'EPERM') {
    return `the kernel, or the container around, forbids user namespaces: 'orlop doctor' says which; or run it with sudo`;
  }
  if (at === step.map || at === step.mountNamespace || at === step.propagation) {
    return `a security module takes the privileges of user namespaces away (AppArmor on Ubuntu): 'orlop doctor' says more; or run it with sudo`;
  }
  return `'orlop doctor' says what is missing; or run it with sudo`;
}
