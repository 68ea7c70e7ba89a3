import type { ImageConfig } from '../images/types.ts';
import type { VolumeUse } from '../record/schema.ts';
import { defaultAttributes } from '../request/mount-options.ts';
import { parseTarget } from '../request/paths.ts';
import { quote } from '../request/text.ts';
import type { RunRequest } from '../request/types.ts';

export interface VolumeNeed extends VolumeUse {
  readonly nocopy: boolean;
}

/**
 * The volumes of the store that a container needs: those of the request, and an anonymous one for each `VOLUME` of the
 * image whose target the request leaves free. Pure; `newName` makes the IDs of anonymous ones.
 *
 * @throws RequestError ORLOP_E_TARGET
 */
export function volumeNeeds(request: RunRequest, config: ImageConfig, newName: () => string): VolumeNeed[] {
  const needs: VolumeNeed[] = [];
  for (const mount of request.mounts) {
    if (mount.type !== 'volume') continue;
    needs.push({
      name: mount.name ?? newName(),
      target: mount.target,
      attributes: mount.attributes,
      anonymous: mount.name === null,
      nocopy: mount.nocopy,
      reason: mount.name === null ? 'anonymous volume' : `volume ${mount.name}`,
    });
  }
  const taken = new Set([...request.mounts, ...request.tmpfs].map((mount) => mount.target));
  for (const path of config.volumes) {
    // An image's VOLUME follows the rules of a caller's target: none at /proc, for example.
    const target = parseTarget(`VOLUME ${quote(path)} of image '${request.image}'`, path);
    if (taken.has(target)) continue;
    taken.add(target);
    const attributes = defaultAttributes.volume;
    needs.push({ name: newName(), target, attributes, anonymous: true, nocopy: false, reason: 'image VOLUME' });
  }
  return needs;
}
