import { isDeepStrictEqual } from 'node:util';
import { RequestError } from '../errors/index.ts';
import { optionsIn } from './chosen-options.ts';
import type { MountSpec, TmpfsSpec } from './types.ts';

/**
 * Removes duplicate mounts. Refuses two different mounts at one target, of which one would be hidden.
 *
 * @throws {RequestError} ORLOP_E_DUPLICATE_TARGET
 */
export function uniqueTargets(
  mounts: readonly MountSpec[],
  tmpfs: readonly TmpfsSpec[],
): { mounts: MountSpec[]; tmpfs: TmpfsSpec[] } {
  const byTarget = new Map<string, MountSpec | TmpfsSpec>();
  for (const mount of [...mounts, ...tmpfs]) {
    const other = byTarget.get(mount.target);
    if (other !== undefined && !isDeepStrictEqual(other, mount)) {
      throw new RequestError(
        'ORLOP_E_DUPLICATE_TARGET',
        `two mounts have the target '${mount.target}': ${describe(other)} and ${describe(mount)}`,
        { hint: 'remove one of them' },
      );
    }
    if (other === undefined) byTarget.set(mount.target, mount);
  }
  const unique = [...byTarget.values()];
  return {
    mounts: unique.filter((mount) => mount.type !== 'tmpfs'),
    tmpfs: unique.filter((mount) => mount.type === 'tmpfs'),
  };
}

function describe(mount: MountSpec | TmpfsSpec): string {
  const options = optionsIn(mount.type, mount.attributes).map((name) => `, ${name === 'ro' ? 'read-only' : name}`);
  return `${nameOf(mount)}${options.join('')}`;
}

function nameOf(mount: MountSpec | TmpfsSpec): string {
  if (mount.type === 'bind') return `'${mount.source}'`;
  if (mount.type === 'volume') return mount.name === null ? 'a new volume' : `volume '${mount.name}'`;
  return 'tmpfs';
}
