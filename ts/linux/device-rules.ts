/** Devices that the processes of a container may use, in the form of the controller `devices` of version 1, cgroups(7). */
export interface DeviceRule {
  /** `a`: both kinds. */
  readonly type: 'a' | 'b' | 'c';
  /** Null: all. */
  readonly major: number | null;
  readonly minor: number | null;
  /** Of `r`, `w` and `m`: read, write, mknod(2). */
  readonly access: string;
}

/** What the filter of a container allows; `all`: there is none. */
export type DeviceRules = readonly DeviceRule[] | 'all';

/** The kernel has 12 bits for a major number, and 20 for a minor one. */
export const maxMajor = 0xfff;
export const maxMinor = 0xfffff;

const character = (major: number | null, minor: number | null, access = 'rwm'): DeviceRule => ({
  type: 'c',
  major,
  minor,
  access,
});

/**
 * What every container may use, as in runc: a node of any device can be made, since it cannot be opened; the devices that
 * reach no hardware, and terminals.
 */
export const defaultDeviceRules: readonly DeviceRule[] = [
  character(null, null, 'm'),
  { type: 'b', major: null, minor: null, access: 'm' },
  // null, zero, full, random, urandom
  ...[3, 5, 7, 8, 9].map((minor) => character(1, minor)),
  // tty, console, ptmx
  ...[0, 1, 2].map((minor) => character(5, minor)),
  // Terminals of devpts.
  character(136, null),
];

/** `c 1:3 rwm`. */
export function formatRule({ type, major, minor, access }: DeviceRule): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}

/**
 * The default rules with others. Rules for the same devices become one: version 1 joins their accesses, and so does the
 * program of version 2. Pure.
 */
export function withDefaultRules(others: readonly DeviceRule[]): DeviceRules {
  const merged = new Map<string, DeviceRule>();
  for (const rule of [...defaultDeviceRules, ...others].flatMap(kinds)) {
    const key = formatRule({ ...rule, access: '' });
    merged.set(key, { ...rule, access: joined(merged.get(key)?.access ?? '', rule.access) });
  }
  const rules = [...merged.values()];
  const isAll = (type: string) => rules.some((rule) => rule.type === type && isWhole(rule));
  return isAll('b') && isAll('c') ? 'all' : rules;
}

function isWhole({ major, minor, access }: DeviceRule): boolean {
  return major === null && minor === null && access.length === 3;
}

/** In version 1, a rule of `a` allows all devices, whatever its numbers are. */
function kinds(rule: DeviceRule): readonly DeviceRule[] {
  return rule.type === 'a' ? (['b', 'c'] as const).map((type) => ({ ...rule, type })) : [rule];
}

function joined(first: string, second: string): string {
  return [...'rwm'].filter((one) => first.includes(one) || second.includes(one)).join('');
}
