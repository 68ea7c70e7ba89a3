import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../errors/printable.ts';
import { isConfined } from '../linux/app-armor.ts';
import { ownCapabilities } from '../linux/own-capabilities.ts';
import { readIfAny } from '../linux/read-if-any.ts';
import type { LauncherRefusal, Native } from './contract.ts';
import { forbidden, step } from './forbidden.ts';
import { allIds, formatMap } from './ids.ts';
import { launcherExecutable } from './installed-launcher.ts';
import { noRights } from './rights.ts';
import { type MapFacts, wantedMaps } from './wanted-maps.ts';

/**
 * The addon's functions for a caller without the privileges of root: orlop-launcher makes the privileged calls, in one
 * user namespace for the whole program, Workers too. With `rights.kind` `none` where there can be no such namespace.
 */
export async function userSite(addon: Native): Promise<Native> {
  const executable = launcherExecutable();
  const { ways, narrow } = wantedMaps(mapFacts());
  let refused: LauncherRefusal | undefined;
  for (const { users, groups, ...helpers } of ways) {
    const options = { executable, uidMap: formatMap(users), gidMap: formatMap(groups), ...helpers };
    const result = await addon.startLauncher(options);
    if ('native' in result) {
      const why = refused === undefined ? narrow : reasonOf(refused);
      const { userNamespace, pid: launcherPid } = result;
      const confined = isConfined(launcherPid);
      const own = { userNamespace, launcherPid, users, groups, confined };
      const rights = { kind: 'user', launcher: true, narrow: why, ...own } as const;
      return { ...result.native, rights };
    }
    refused = result.refused;
    // A caller under no_new_privs cannot use the helpers, which are set-id programs.
    if (refused.step !== step.byHelper) break;
  }
  return { ...addon, rights: noRights(forbidden(refused)) };
}

/** The addon's functions for root, whose privileged calls are made in another process than the program's. */
export async function processSite(addon: Native): Promise<Native> {
  const executable = launcherExecutable();
  const none = { uidMap: '', gidMap: '', newuidmap: '', newgidmap: '' };
  const result = await addon.startLauncher({ executable, ...none });
  if (!('native' in result)) return { ...addon, rights: noRights(forbidden(result.refused)) };
  const confined = isConfined(result.pid);
  const rights = {
    kind: 'root',
    userNamespace: null,
    launcher: true,
    users: allIds,
    groups: allIds,
    confined,
  } as const;
  return { ...result.native, rights };
}

/** Why no range was mapped, in the words of the helper. */
function reasonOf(refused: LauncherRefusal): string {
  return refused.text === '' ? refused.message : printable(refused.text.trim());
}

function mapFacts(): MapFacts {
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    capabilities: ownCapabilities(),
    own: { users: readIfAny('/proc/self/uid_map'), groups: readIfAny('/proc/self/gid_map') },
    files: { passwd: readIfAny('/etc/passwd'), user: readIfAny('/etc/subuid'), group: readIfAny('/etc/subgid') },
    helpers: { newuidmap: inPath('newuidmap'), newgidmap: inPath('newgidmap') },
  };
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
