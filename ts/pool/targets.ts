import { RequestError } from '../errors/index.ts';
import { parents } from '../plan/layout.ts';
import type { ContainerRecord } from '../record/schema.ts';
import type { MountSpec, RunRequest } from '../request/types.ts';

/**
 * Refuses a mount that conflicts with a mount of the pool's waiting containers, which is made already. Pure.
 *
 * @param request of the pool
 * @param volumes of the pool's waiting containers, those of the image too
 * @throws RequestError ORLOP_E_DUPLICATE_TARGET, ORLOP_E_TARGET
 */
export function checkTargets(
  request: Pick<RunRequest, 'mounts' | 'tmpfs'>,
  volumes: ContainerRecord['volumes'],
  requested: readonly MountSpec[],
): void {
  if (requested.length === 0) return;
  const taken = [...request.mounts, ...request.tmpfs];
  const made = [...taken, ...volumes];
  for (const { target } of requested) {
    if (target === '/proc') {
      throw new RequestError('ORLOP_E_TARGET', `nothing can be mounted at '/proc' in a container of a pool`, {
        hint: 'name the mount when the pool is opened',
      });
    }
    if (taken.some((own) => own.target === target)) {
      throw new RequestError('ORLOP_E_DUPLICATE_TARGET', `the pool itself mounts something at '${target}'`, {
        hint: 'remove one of them',
      });
    }
    const hidden = made.find((own) => parents(own.target).includes(target));
    if (hidden !== undefined) {
      throw new RequestError(
        'ORLOP_E_TARGET',
        `a mount at '${target}' would hide that of the pool at '${hidden.target}'`,
        { hint: 'name both when the pool is opened' },
      );
    }
  }
}
