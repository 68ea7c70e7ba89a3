import { RequestError } from '../../errors/index.ts';
import { parents } from '../../plan/layout.ts';
import type { MountSpec, RunRequest } from '../../request/types.ts';

/**
 * Refuses a mount that the members of a pool have no place for any more: they have mounted theirs already. Pure.
 *
 * @param defaults what the pool was opened with
 * @param made what its members have mounted: that, and the volumes of the image
 * @throws RequestError ORLOP_E_DUPLICATE_TARGET, ORLOP_E_TARGET
 */
export function checkTargets(
  defaults: Pick<RunRequest, 'mounts' | 'tmpfs'>,
  made: { readonly mounts: readonly { readonly target: string }[] },
  requested: readonly MountSpec[],
): void {
  const taken = new Set([...defaults.mounts, ...defaults.tmpfs].map(({ target }) => target));
  for (const { target } of requested) {
    if (target === '/proc') {
      throw new RequestError('ORLOP_E_TARGET', `nothing can be mounted at '/proc' in a member of a pool`, {
        hint: 'name the mount when the pool is opened',
      });
    }
    if (taken.has(target)) {
      throw new RequestError('ORLOP_E_DUPLICATE_TARGET', `the pool itself mounts something at '${target}'`, {
        hint: 'remove one of them',
      });
    }
    const hidden = made.mounts.find((own) => parents(own.target).includes(target));
    if (hidden !== undefined) {
      throw new RequestError(
        'ORLOP_E_TARGET',
        `a mount at '${target}' would hide that of the pool at '${hidden.target}'`,
        { hint: 'name both when the pool is opened' },
      );
    }
  }
}
