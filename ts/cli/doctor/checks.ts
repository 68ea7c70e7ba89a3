import { defaultProfile } from '../../linux/app-armor.ts';
import { capabilitiesOf } from '../../linux/capabilities.ts';
import { isAtLeast } from '../../linux/kernel.ts';
import { addRange, isOneId } from '../../native/ids.ts';
import { installedPath } from '../../native/installed-launcher.ts';
import { filterHeld, isolationOf, namespacesHeld } from '../../native/isolation.ts';
import { type Held, isolationNames } from '../../native/isolation-types.ts';
import { neededCapabilities } from '../../plan/defaults.ts';
import type { Facts } from './facts.ts';
import type { TrialName } from './trial-plans.ts';

export interface Check {
  readonly name: string;
  /** `fail`: containers cannot start. `warn`: a feature is missing or slow. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly hint?: string;
}

/** Magic numbers (linux/magic.h) of file systems that cannot hold an upper directory, or make a slow or lossy store. */
const unfitForUpper = new Map([
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x4d44, 'vfat'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0xf15f, 'ecryptfs'],
]);
const fsNames = new Map([
  ...unfitForUpper,
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
]);

/** Checks the facts, the most important first. */
export function runChecks(facts: Facts): readonly Check[] {
  return [
    checkKernel(facts),
    checkAddon(facts),
    checkExecutable(facts, 'orlop-archive', 'no image can be imported, loaded or saved, nor a container be committed'),
    checkExecutable(facts, 'orlop-init', 'no pool can be opened'),
    checkRoot(facts),
    checkIsolation(facts),
    checkLauncher(facts),
    checkAppArmor(facts),
    checkOverlay(facts),
    checkNamespaces(facts),
    checkTried(facts, 'mounts', 'can be made'),
    checkTried(facts, 'procfs', 'can be mounted'),
    checkTried(facts, 'network', 'a namespace with its loopback'),
    checkSeccomp(facts),
    checkMap(facts),
    checkMountApi(facts),
    checkCgroup(facts),
    checkDevices(facts),
    checkStore(facts),
    checkHostImage(facts),
    checkCertificates(facts),
  ].filter((check) => check !== undefined);
}

function checkKernel({ kernel, arch }: Facts): Check {
  const detail = `${kernel} (${arch})`;
  if (isAtLeast(kernel, [5, 12])) return { name: 'kernel', status: 'ok', detail };
  return { name: 'kernel', status: 'fail', detail, hint: 'install Linux 5.12 or newer' };
}

function checkAddon({ addon }: Facts): Check {
  if (!('error' in addon)) return { name: 'addon', status: 'ok', detail: addon.file };
  return { name: 'addon', status: 'fail', detail: addon.error, ...(addon.hint && { hint: addon.hint }) };
}

function checkExecutable({ executables }: Facts, name: keyof Facts['executables'], without: string): Check {
  const found = executables[name];
  if (!('error' in found)) return { name, status: 'ok', detail: found.file };
  return { name, status: 'warn', detail: `${without}: ${found.error}`, ...(found.hint && { hint: found.hint }) };
}

function checkRoot({ uid, capabilities, addon }: Facts): Check | undefined {
  const held = capabilitiesOf(capabilities);
  const missing = neededCapabilities.filter((name) => !held.includes(name));
  if (uid === 0 && missing.length === 0)
    return { name: 'root', status: 'ok', detail: 'root, with all capabilities needed' };
  // Root of a container without CAP_SYS_ADMIN goes the way of a user.
  if (uid !== 0 || ('rights' in addon && addon.rights.kind !== 'root')) return checkUser(uid, addon);
  const detail = `root without ${missing.join(', ')}`;
  return { name: 'root', status: 'fail', detail, hint: 'inside another container: give it these capabilities' };
}

/** What a caller who is not root can make containers with: it was tried. */
function checkUser(uid: number, addon: Facts['addon']): Check | undefined {
  if ('error' in addon) return undefined;
  const name = 'user';
  const { rights } = addon;
  if (rights.kind === 'none') {
    const { message, hint = 'run it with sudo' } = rights.why;
    return { name, status: 'fail', detail: `uid ${uid}: ${message}`, hint };
  }
  if (!isOneId(rights.users)) {
    return { name, status: 'ok', detail: `uid ${uid}, in a user namespace with a range of IDs` };
  }
  const why = rights.kind === 'user' && rights.narrow !== null ? ` (${rights.narrow})` : '';
  const detail = `uid ${uid}, in a user namespace with one ID${why}: ${oneIdMeans}`;
  return { name, status: 'warn', detail, hint: addRange };
}

/** What holds, by the names of `--isolation`. */
function checkIsolation({ addon, namespaces, seccompActions, controllers }: Facts): Check | undefined {
  if ('error' in addon || addon.rights.kind === 'none') return undefined;
  const isolation = isolationOf(addon.rights, { namespaces, seccompActions, controllers });
  const [held, not] = [true, false].map((holds) => isolationNames.filter((one) => isolation[one].holds === holds));
  return { name: 'isolation', status: 'ok', detail: `${held?.join(', ')}; not ${not?.join(', ')}` };
}

/** The orlop-launcher that `doctor --fix` has installed, if it has. */
function checkLauncher({ launcher }: Facts): Check | undefined {
  const name = 'orlop-launcher';
  switch (launcher?.state) {
    case 'same':
      return { name, status: 'ok', detail: installedPath };
    case 'other':
      return { name, status: 'warn', detail: `${installedPath} is of another version: ${unused}`, hint: again };
    case 'unsafe':
      return { name, status: 'warn', detail: `${launcher.why}: ${unused}`, hint: again };
    default:
      return undefined;
  }
}

/** The profile that containers get. */
function checkAppArmor({ appArmor }: Facts): Check {
  const name = 'AppArmor';
  if (appArmor === null) return { name, status: 'ok', detail: 'off: containers get no profile' };
  const { mode } = appArmor;
  if (mode === null) {
    const detail = `containers get no profile: '${defaultProfile}' is not loaded`;
    return { name, status: 'warn', detail, hint: `'sudo orlop doctor --fix' loads it` };
  }
  const detail = `the profile '${defaultProfile}' (${mode})`;
  if (mode === 'enforce' || mode === 'kill') return { name, status: 'ok', detail };
  return { name, status: 'warn', detail: `${detail} denies nothing`, hint: `'sudo aa-enforce ${defaultProfile}'` };
}

const unused = 'the one of the package is used';
const again = `'orlop doctor --fix' installs it again`;

const oneIdMeans = 'all files of a container are yours, its processes keep your groups, and --user is refused';

/** A part of a start that was tried. */
function checkTried({ tried }: Facts, name: TrialName, detail: string): Check | undefined {
  const refused = tried?.[name];
  if (refused === undefined) return undefined;
  if (refused === null) return { name, status: 'ok', detail };
  return { name, status: 'fail', detail: refused.error, ...(refused.hint && { hint: refused.hint }) };
}

/** What only `--userns` needs. */
function checkMap(facts: Facts): Check | undefined {
  const check = checkTried(facts, 'id map', `on the file system of the store, for '--userns auto'`);
  return check?.status === 'fail' ? { ...check, status: 'warn' } : check;
}

function checkOverlay(facts: Facts): Check {
  const name = 'overlayfs';
  const tried = checkTried(facts, name, 'on the file system of the store');
  if (tried !== undefined) return tried;
  const { overlay } = facts;
  if (overlay === true) return { name, status: 'ok', detail: 'available' };
  if (overlay === null) return { name, status: 'ok', detail: 'a module, loaded when it is needed' };
  return {
    name,
    status: 'fail',
    detail: 'not in this kernel',
    hint: `'modprobe overlay', or a kernel with CONFIG_OVERLAY_FS`,
  };
}

function checkNamespaces(facts: Facts): Check {
  return checkHeld('namespaces', facts.namespaces.join(', '), namespacesHeld(facts));
}

function checkSeccomp(facts: Facts): Check {
  const held = checkHeld('seccomp', facts.seccompActions.join(' '), filterHeld(facts));
  return held.status === 'ok' ? (checkTried(facts, 'seccomp', held.detail) ?? held) : held;
}

function checkHeld(name: string, all: string, held: Held): Check {
  if (held.holds) return { name, status: 'ok', detail: all };
  return { name, status: 'fail', detail: held.detail, ...(held.hint && { hint: held.hint }) };
}

/** Names of the feature bits in native/init/run.h. */
const features = ['mount API', 'mount_setattr', 'openat2', 'close_range', 'lowerdir+', 'clone into cgroup'];

function checkMountApi({ addon }: Facts): Check | undefined {
  if ('error' in addon) return undefined;
  const name = 'system calls';
  const missing = features.filter((_, bit) => ((addon.features >> bit) & 1) === 0);
  if (missing.length === 0) return { name, status: 'ok', detail: features.join(', ') };
  const hint = 'an older kernel or an outer filter; older ways are taken where there are any';
  return { name, status: 'warn', detail: `without ${missing.join(', ')}`, hint };
}

function checkCgroup({ cgroup, controllers, scope, uid }: Facts): Check {
  const name = 'cgroup';
  if (cgroup !== 'none') {
    if (controllers.length > 0) return { name, status: 'ok', detail: `${cgroup}, limits of ${controllers.join(', ')}` };
    const detail = `${cgroup}, not delegated: no limits`;
    if (uid === 0) return { name, status: 'warn', detail, hint: `limits take a cgroup that can be written` };
    if ('why' in scope) return { name, status: 'warn', detail: `${detail}, because ${scope.why}`, hint: scope.hint };
    return { name, status: 'ok', detail: `${cgroup}, limits of ${scope.controllers.join(', ')} in a scope of systemd` };
  }
  const hint = `mount it: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup'`;
  return { name, status: 'warn', detail: 'not mounted: no limits, and commit pauses with signals', hint };
}

/** Where the filter of devices is set. A user's container has no other devices anyway. */
function checkDevices({ addon, devices }: Facts): Check | undefined {
  if ('error' in addon || addon.rights.kind === 'none' || devices === null) return undefined;
  const name = 'devices';
  if ('branch' in devices) {
    const where = devices.branch.version === 2 ? 'a program of cgroup v2' : "the controller 'devices' of version 1";
    return { name, status: 'ok', detail: `filtered, by ${where}` };
  }
  const detail = `not filtered: ${devices.why}`;
  if (addon.rights.kind === 'user') return { name, status: 'ok', detail };
  return { name, status: 'warn', detail, hint: 'mount cgroup v2; no device can be made in a container anyway' };
}

function checkStore({ store }: Facts): Check {
  if ('error' in store) {
    return { name: 'store', status: 'fail', detail: store.error, ...(store.hint && { hint: store.hint }) };
  }
  const type = fsNames.get(store.fsType) ?? `type 0x${store.fsType.toString(16)}`;
  const detail = `${store.path} on ${type}`;
  if (!unfitForUpper.has(store.fsType)) return { name: 'store', status: 'ok', detail };
  const hint = `overlayfs cannot write there: choose a directory on ext4, xfs, btrfs or tmpfs with --root or ORLOP_ROOT`;
  return { name: 'store', status: 'fail', detail, hint };
}

function checkHostImage({ separate }: Facts): Check {
  const name = `image 'host'`;
  if (separate.length === 0) return { name, status: 'ok', detail: 'the system is on one file system' };
  const hint = `the image 'host' sees '/' only; mount them: '-v ${separate[0]}:${separate[0]}:ro'`;
  return { name, status: 'warn', detail: `${separate.join(', ')} are file systems of their own`, hint };
}

/** Node 20 parses all extra certificates at every start: nodejs/node#40524. */
function checkCertificates({ extraCerts, node }: Facts): Check | undefined {
  if (!extraCerts || Number.parseInt(node, 10) >= 22) return undefined;
  return {
    name: 'start time',
    status: 'warn',
    detail: `NODE_EXTRA_CA_CERTS costs Node ${node} some 36 ms at every start`,
    hint: 'unset it for orlop, or use Node 22',
  };
}
