import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname } from 'node:path';
import type { DeviceHolder } from '../../cgroups/device-filter.ts';
import { heldControllers } from '../../cgroups/place.ts';
import { offeredScope } from '../../cgroups/scope.ts';
import { RequestError } from '../../errors/index.ts';
import { messageOf } from '../../errors/message.ts';
import { archiveExecutable } from '../../images/archive/executable.ts';
import { defaultProfile, hasAppArmor, type ProfileMode, profileMode } from '../../linux/app-armor.ts';
import { helperExecutable } from '../../native/helper.ts';
import { type Installed, lookAtInstalled, ownLauncher } from '../../native/installed-launcher.ts';
import type { Rights } from '../../native/rights.ts';
import { homeDirectory } from '../../store/home.ts';
import { chooseRoot, type RootFacts } from '../../store/roots.ts';
import type { Addon } from '../io.ts';
import type { Tried } from './trials.ts';

/** Facts that doctor collected about the machine. The checks read only these facts. */
export interface Facts {
  /** Release of the kernel: `6.18.5`. */
  readonly kernel: string;
  readonly arch: string;
  readonly node: string;
  readonly uid: number;
  /** Effective capabilities as a bit set, capabilities(7). */
  readonly capabilities: bigint;
  /** True if overlayfs is loaded; null if it is not loaded but its module exists. */
  readonly overlay: boolean | null;
  /** Names in /proc/self/ns. */
  readonly namespaces: readonly string[];
  /** Actions that seccomp filters may take; empty without seccomp. */
  readonly seccompActions: readonly string[];
  readonly cgroup: 'v2' | 'hybrid' | 'v1' | 'none';
  /** Controllers of control groups by which limits can be held. */
  readonly controllers: readonly string[];
  /** Controllers that a scope of the caller's systemd would have, or why there can be none. */
  readonly scope: { readonly controllers: readonly string[] } | { readonly why: string; readonly hint: string };
  /** Path of the store, or the reason why there is no place for it. */
  readonly store: /** `nearest`: the store itself, or the directory above it that exists. */
    | { readonly path: string; readonly fsType: number; readonly nearest: string }
    | { readonly error: string; readonly hint?: string | undefined };
  /** Directories of the system that are separate file systems: the image `host` does not show them. */
  readonly separate: readonly string[];
  /** Feature bits and file of the addon, and what containers can be made with; or the reason why it cannot be loaded. */
  readonly addon:
    | { readonly features: number; readonly file: string; readonly rights: Rights }
    | { readonly error: string; readonly hint?: string | undefined };
  /** Where filters of devices are set, or why they cannot be; null without the addon. */
  readonly devices: DeviceHolder | null;
  /** What came of the parts of a start; null where nothing can be tried. */
  readonly tried: Tried | null;
  /** Files of the executables beside the addon, or the reason why one cannot be used. */
  readonly executables: Readonly<Record<'orlop-archive' | 'orlop-init', Executable>>;
  /** What `doctor --fix` has installed; null if the package has no orlop-launcher. */
  readonly launcher: Installed | null;
  /** Mode of orlop's profile of AppArmor, null if it is not loaded; null where AppArmor is off. */
  readonly appArmor: { readonly mode: ProfileMode | null } | null;
  /** Value of NODE_EXTRA_CA_CERTS. */
  readonly extraCerts: string | undefined;
}

export type Executable = { readonly file: string } | { readonly error: string; readonly hint?: string | undefined };

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly root: string | undefined;
  loadAddon(): Promise<Addon>;
}

export async function gatherFacts(surroundings: Surroundings): Promise<Facts> {
  const uid = process.geteuid?.() ?? -1;
  const { env } = surroundings;
  const status = await read('/proc/self/status');
  const addon = await surroundings.loadAddon().catch(failureOf);
  const store = await storeFacts(surroundings, uid);
  return {
    kernel: release(),
    arch: process.arch,
    node: process.versions.node,
    uid,
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    overlay: /^nodev\toverlay$/m.test(await read('/proc/filesystems')) ? true : moduleExists(),
    namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'].filter((name) =>
      existsSync(`/proc/self/ns/${name}`),
    ),
    seccompActions: (await read('/proc/sys/kernel/seccomp/actions_avail')).split(/\s+/).filter(Boolean),
    cgroup: await cgroupVersion(),
    controllers: heldControllers(),
    scope: offeredScope(uid),
    store,
    separate: separateMounts(await read('/proc/self/mountinfo')),
    addon: addonFacts(addon),
    devices: 'error' in addon ? null : addon.deviceHolder(),
    tried: await triedFacts(addon, store),
    executables: { 'orlop-archive': await tell(archiveExecutable), 'orlop-init': await tell(helperExecutable) },
    launcher: launcherFacts(),
    appArmor: hasAppArmor() ? { mode: profileMode(defaultProfile) } : null,
    extraCerts: env.NODE_EXTRA_CA_CERTS,
  };
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** Null if a module exists: the kernel loads it at the first mount. */
function moduleExists(): boolean | null {
  const directory = `/lib/modules/${release()}/kernel/fs/overlayfs`;
  return ['', '.xz', '.zst', '.gz'].some((suffix) => existsSync(`${directory}/overlay.ko${suffix}`)) ? null : false;
}

/** Version of cgroups, from the file system types at and below /sys/fs/cgroup in mountinfo. */
async function cgroupVersion(): Promise<Facts['cgroup']> {
  const mountinfo = await read('/proc/self/mountinfo');
  const types = new Set([...mountinfo.matchAll(/^.* - (cgroup2?) /gm)].map((match) => match[1]));
  if (types.has('cgroup')) return types.has('cgroup2') ? 'hybrid' : 'v1';
  return types.has('cgroup2') ? 'v2' : 'none';
}

async function storeFacts({ env, cwd, root }: Surroundings, uid: number): Promise<Facts['store']> {
  const facts: RootFacts = {
    env,
    uid,
    cwd,
    get home() {
      return homeDirectory();
    },
  };
  try {
    return await storeAt(chooseRoot(root, facts));
  } catch (error) {
    return failureOf(error);
  }
}

/** File system of the store. If the store does not exist, the file system of its nearest existing parent. */
async function storeAt(path: string): Promise<Facts['store']> {
  for (let directory = path; ; directory = dirname(directory)) {
    try {
      return { path, fsType: Number((await statfs(directory)).type), nearest: directory };
    } catch (error) {
      if (directory === '/') throw error;
    }
  }
}

const systemDirectories = new Set(['/bin', '/etc', '/lib', '/lib64', '/opt', '/sbin', '/srv', '/usr', '/var']);

function separateMounts(mountinfo: string): readonly string[] {
  const targets = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  return [...new Set(targets)].filter((target) => systemDirectories.has(target)).sort();
}

function addonFacts(addon: Addon | Failure): Facts['addon'] {
  if ('error' in addon) return addon;
  return { features: addon.features(), file: addon.file, rights: addon.rights };
}

async function triedFacts(addon: Addon | Failure, store: Facts['store']): Promise<Tried | null> {
  if ('error' in addon || 'error' in store || addon.rights.kind === 'none') return null;
  return addon.tryParts(store.nearest);
}

function launcherFacts(): Installed | null {
  try {
    return lookAtInstalled(ownLauncher());
  } catch {
    return null;
  }
}

async function tell(find: () => string | Promise<string>): Promise<Executable> {
  try {
    return { file: await find() };
  } catch (error) {
    return failureOf(error);
  }
}

interface Failure {
  readonly error: string;
  readonly hint?: string | undefined;
}

function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return { error: error.message, hint: error.hint };
  return { error: messageOf(error) };
}
