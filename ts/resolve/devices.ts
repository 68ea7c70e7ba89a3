import { accessSync, constants, type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceHolder } from '../cgroups/device-filter.ts';
import { RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import { type DeviceRule, type DeviceRules, withDefaultRules } from '../linux/device-rules.ts';
import { attribute } from '../linux/mount-attributes.ts';
import type { Rights } from '../native/rights.ts';
import type { HostDevice } from '../plan/facts.ts';
import type { DeviceSpec, RunRequest } from '../request/types.ts';
import { errorCode } from '../store/system-error.ts';
import type { ResolvedSource } from './sources.ts';

type Asking = Pick<RunRequest, 'devices' | 'deviceRules' | 'privileged' | 'mounts'>;

/**
 * Finds the devices of a request on the host; with `privileged`, all those of the host. A later one replaces one at the
 * same place.
 *
 * @throws RequestError ORLOP_E_DEVICE
 */
export function resolveDevices(
  { devices = [], privileged }: Pick<Asking, 'devices' | 'privileged'>,
  { kind }: Pick<Rights, 'kind'>,
): readonly HostDevice[] {
  const isUser = kind === 'user';
  const found = new Map<string, HostDevice>();
  const all = privileged ? devicesBelow({ host: '/dev', container: '/dev', permissions: 'rwm' }, true) : [];
  for (const device of all) if (!isUser || isUsable(device)) found.set(device.target, device);
  for (const spec of devices) {
    for (const device of devicesOf(spec)) {
      if (isUser) requireUsable(device);
      found.set(device.target, device);
    }
  }
  return [...found.values()];
}

function devicesOf(spec: DeviceSpec): readonly HostDevice[] {
  const { host } = spec;
  const found = deviceAt(spec);
  if (found !== null) return [found];
  const all = isDirectory(host) ? devicesBelow(spec) : [];
  if (all.length > 0) return all;
  const why = isDirectory(host) ? 'the directory has no device' : 'it is no device';
  throw refusal(host, why, "name a device of the host, or a directory with devices; for other files there is '-v'");
}

/** Null for another file. @throws RequestError ORLOP_E_DEVICE */
function deviceAt({ host, container, permissions }: DeviceSpec): HostDevice | null {
  try {
    const path = realpathSync(host);
    const facts = statSync(path, { bigint: true });
    if (!facts.isBlockDevice() && !facts.isCharacterDevice()) return null;
    return {
      path,
      device: facts.dev,
      inode: facts.ino,
      target: container,
      access: permissions,
      type: facts.isBlockDevice() ? 'b' : 'c',
      // makedev(3) of the C library and of the kernel.
      major: Number(((facts.rdev >> 8n) & 0xfffn) | ((facts.rdev >> 32n) & 0xfffff000n)),
      minor: Number((facts.rdev & 0xffn) | ((facts.rdev >> 12n) & 0xffffff00n)),
      mode: Number(facts.mode & 0o777n),
      uid: Number(facts.uid),
      gid: Number(facts.gid),
    };
  } catch (error) {
    const isMissing = errorCode(error) === 'ENOENT';
    const why = isMissing ? 'the host has no such file' : messageOf(error);
    throw refusal(host, why, isMissing ? 'check the path; a module of the kernel may be missing' : 'check the path');
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What a container has of its own, as in runc. */
const ownDirectories = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);
const ownDevices = new Set(['console', 'ptmx', 'tty']);

/** The virtual terminals of the machine, with what is on their screens. */
const terminals = /^(?:tty\d+|vcs[au]?\d*)$/;

/** Devices in a directory, without links to others. One that vanishes meanwhile is left out. */
function devicesBelow({ host, container, permissions }: DeviceSpec, withoutTerminals = false): readonly HostDevice[] {
  return entriesOf(host).flatMap((entry): readonly HostDevice[] => {
    const { name } = entry;
    const one = { host: join(host, name), container: join(container, name), permissions };
    if (entry.isDirectory()) return ownDirectories.has(name) ? [] : devicesBelow(one, withoutTerminals);
    if (!entry.isBlockDevice() && !entry.isCharacterDevice()) return [];
    if (ownDevices.has(name) || (withoutTerminals && terminals.test(name))) return [];
    try {
      const device = deviceAt(one);
      return device === null ? [] : [device];
    } catch {
      return [];
    }
  });
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function modeOf(access: string): number {
  return (access.includes('r') ? constants.R_OK : 0) | (access.includes('w') ? constants.W_OK : 0);
}

function isUsable({ path, access }: HostDevice): boolean {
  try {
    accessSync(path, modeOf(access));
    return true;
  } catch {
    return false;
  }
}

/** An ordinary user's container gets what the user can open. @throws RequestError ORLOP_E_DEVICE */
function requireUsable(device: HostDevice): void {
  if (isUsable(device)) return;
  const hint = 'become a member of its group, or run orlop as root';
  throw refusal(device.path, 'the caller may not open it', hint);
}

/** What the filter of a container allows: the default, its devices, those that it mounts, and what its rules say. Pure. */
export function deviceRulesOf(
  { deviceRules = [], privileged, mounts }: Pick<Asking, 'deviceRules' | 'privileged' | 'mounts'>,
  devices: readonly HostDevice[],
  sources: ReadonlyMap<string, Pick<ResolvedSource, 'special'>>,
): DeviceRules {
  if (privileged) return 'all';
  const mounted = mounts.flatMap(({ type, attributes, target }): DeviceRule[] => {
    const [, kind, major, minor] = /^([bc]) (\d+):(\d+)$/.exec(sources.get(target)?.special ?? '') ?? [];
    if (kind === undefined || type !== 'bind' || (attributes & attribute.nodev) !== 0) return [];
    return [{ type: kind as 'b' | 'c', major: Number(major), minor: Number(minor), access: 'rwm' }];
  });
  return withDefaultRules([...devices, ...mounted, ...deviceRules]);
}

/**
 * Refuses rules, and devices with less than reading and writing, where no filter can hold them.
 *
 * @throws RequestError ORLOP_E_LIMIT
 */
export function requireFilter(
  { devices = [], deviceRules = [], privileged }: Pick<Asking, 'devices' | 'deviceRules' | 'privileged'>,
  holder: DeviceHolder,
): void {
  if (!('why' in holder)) return;
  const narrow = devices.find(({ permissions }) => !permissions.includes('r') || !permissions.includes('w'));
  if (deviceRules.length > 0) {
    throw new RequestError('ORLOP_E_LIMIT', `the rules for devices cannot be held: ${holder.why}`, {
      hint: privileged ? 'leave them out: --privileged allows all devices' : "leave them out, and use '--device'",
    });
  }
  if (narrow === undefined) return;
  const { host, permissions } = narrow;
  throw new RequestError(
    'ORLOP_E_LIMIT',
    `the permissions '${permissions}' of '${host}' cannot be held: ${holder.why}`,
    {
      hint: `leave them out: --device ${host}`,
    },
  );
}

function refusal(path: string, why: string, hint: string): RequestError {
  return new RequestError('ORLOP_E_DEVICE', `cannot give the device '${path}': ${why}`, { hint });
}
