import { join } from 'node:path';
import { messageOf } from '../errors/message.ts';
import { type DeviceRules, defaultDeviceRules, formatRule } from '../linux/device-rules.ts';
import { readIfAny } from '../linux/read-if-any.ts';
import type { Change, Native } from '../native/contract.ts';
import { deviceProgram } from './device-program.ts';
import { distinct } from './hierarchies.ts';
import type { Branch, Place } from './place.ts';
import { hierarchiesOf } from './visible.ts';

/** A filter of devices, and the branch in whose cgroup it is set. */
export interface DeviceFilter {
  readonly branch: Branch;
  readonly rules: Exclude<DeviceRules, 'all'>;
}

/** Where filters of devices can be set; or why they cannot. */
export type DeviceHolder = { readonly branch: Branch } | { readonly why: string };

/**
 * Finds the hierarchy in which filters of devices are set: version 2, where a program needs no controller and no seat,
 * before version 1.
 */
export function findDeviceHolder(native: Native, { branches }: Pick<Place, 'branches'>): DeviceHolder {
  // A user's program would be loaded by the launcher, which the kernel refuses in a user namespace.
  if (native.rights.kind !== 'root') return { why: 'a filter of devices takes root' };
  const second = branches.find(({ version }) => version === 2);
  const refused = second === undefined ? 'no cgroup v2 is mounted' : refusalOf(native, second);
  if (second !== undefined && refused === null) return { branch: second };
  const first = branches.find(({ version, controllers }) => version === 1 && controllers.includes('devices'));
  if (first === undefined) return { why: `${refused}, and no controller 'devices' of version 1` };
  // Below a group that is restricted itself, the kernel refuses what it lacks.
  if (readIfAny(join(first.base, 'devices.list')).trim() === 'a *:* rwm') return { branch: first };
  return { why: `the program itself is held by a filter of devices` };
}

/** The same for this program, without making anything: what `doctor` tells. */
export function lookForDeviceHolder(native: Native): DeviceHolder {
  const branches = distinct(hierarchiesOf('self')).map(({ version, controllers, mount, own }): Branch => {
    const base = own ?? mount;
    return { version, base, parent: base, controllers: controllers.includes('devices') ? ['devices'] : [] };
  });
  return findDeviceHolder(native, { branches });
}

/** Why the kernel takes no program; null if it does. */
function refusalOf(native: Native, { parent }: Branch): string | null {
  try {
    // The program of most containers: it stays loaded for them.
    native.change([['devices', parent, deviceProgram(defaultDeviceRules), 1]]);
    return null;
  } catch (error) {
    return `the kernel takes no program for devices (${messageOf(error)})`;
  }
}

/** The changes that set a filter in a new cgroup. Pure. */
export function filterChanges({ branch, rules }: DeviceFilter, directory: string): readonly Change[] {
  if (branch.version === 2) return [['devices', directory, deviceProgram(rules), 0]];
  return filterLines(rules).map(({ file, value }): Change => ['write', join(directory, file), value, 0]);
}

/** The same as control files of version 1. Pure. */
export function filterLines(
  rules: DeviceFilter['rules'],
): readonly { readonly file: string; readonly value: string }[] {
  return [
    { file: 'devices.deny', value: 'a' },
    ...rules.map((rule) => ({ file: 'devices.allow', value: formatRule(rule) })),
  ];
}
