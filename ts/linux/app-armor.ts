import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readIfAny } from './read-if-any.ts';

/** The profile that orlop ships, and that containers get where it is loaded. */
export const defaultProfile = 'orlop-default';

/** Mode of a loaded profile; apparmor_parser(8). */
export type ProfileMode = 'enforce' | 'complain' | 'kill' | 'unconfined' | (string & {});

/**
 * True if AppArmor is on.
 *
 * @param system where the kernel's files are; only a test says so
 */
export function hasAppArmor(system = '/'): boolean {
  return readIfAny(join(system, 'sys/module/apparmor/parameters/enabled')).trim() === 'Y';
}

/**
 * Mode of a profile; null if it is not loaded, or the kernel's list cannot be seen, as in most containers. The list of
 * `profiles` is for root only; every user can read the directories.
 *
 * @param name with `//` before the name of a profile in a profile
 */
export function profileMode(name: string, system = '/'): ProfileMode | null {
  let directory = join(system, 'sys/kernel/security/apparmor/policy');
  for (const part of name.split('//')) {
    const parent = join(directory, 'profiles');
    const found = listed(parent).find((entry) => isOf(entry, part) && lineOf(join(parent, entry, 'name')) === part);
    if (found === undefined) return null;
    directory = join(parent, found);
  }
  return lineOf(join(directory, 'mode'));
}

/** True if a directory may be that of the profile: the kernel leaves letters out of its name, and adds a number. Pure. */
function isOf(entry: string, name: string): boolean {
  const kept = name
    .replace(/^[/.]+/, '')
    .replaceAll('/', '.')
    .replace(/\s/g, '_')
    .replace(/[^A-Za-z0-9._-]/g, '');
  return entry.replace(/\.\d+$/, '') === kept;
}

/** Label of a process, without the mode: `unconfined`, or the name of a profile; empty without AppArmor. */
export function labelOf(pid: number | 'self', system = '/'): string {
  return withoutMode(lineOf(join(system, `proc/${pid}/attr/apparmor/current`)));
}

/** True if a profile restricts the process, which then may not choose that of another. */
export function isConfined(pid: number | 'self', system = '/'): boolean {
  const label = lineOf(join(system, `proc/${pid}/attr/apparmor/current`));
  return label !== '' && label !== 'unconfined' && !label.endsWith(' (unconfined)');
}

/** The name in a label of AppArmor, `docker-default (enforce)`. Pure. */
export function withoutMode(label: string): string {
  return label.replace(/ \([a-z]+\)$/, '');
}

/** Content of a file with one line; some end with a NUL. */
function lineOf(path: string): string {
  return readIfAny(path).replace(/\0/g, '').trim();
}

function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
