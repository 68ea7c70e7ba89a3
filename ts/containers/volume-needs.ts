import type { ImageConfig } from '../images/types.ts';
import type { RunRequest } from '../request/types.ts';
import type { VolumeUse } from './record.ts';

export interface VolumeNeed extends VolumeUse {
  readonly nocopy: boolean;
}

/**
 * The volumes of the store that a container needs: those of the request, and an anonymous one for each `VOLUME` of the
 * image whose target the request leaves free. Pure; `newName` makes the IDs of anonymous ones.
 */
export function volumeNeeds(request: RunRequest, config: ImageConfig, newName: () => string): VolumeNeed[] {
  const needs: VolumeNeed[] = [];
  for (const mount of request.mounts) {
    if (mount.type !== 'volume') continue;
    needs.push({
      name: mount.name ?? newName(),
      target: mount.target,
      readonly: mount.readonly,
      anonymous: mount.name === null,
      nocopy: mount.nocopy,
      reason: mount.name === null ? 'anonymous volume' : `volume ${mount.name}`,
    });
  }
  const taken = new Set([...request.mounts, ...request.tmpfs].map((mount) => mount.target));
  for (const path of config.volumes) {
    const target = path.length > 1 ? path.replace(/\/+$/, '') : path;
    if (taken.has(target)) continue;
    taken.add(target);
    needs.push({ name: newName(), target, readonly: false, anonymous: true, nocopy: false, reason: 'image VOLUME' });
  }
  return needs;
}
