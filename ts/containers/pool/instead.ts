import type { RunRequest } from '../../request/types.ts';
import { createContainer } from '../create.ts';
import type { Runtime } from '../runtime.ts';
import { type Started, type StartRequest, startContainer } from '../start.ts';
import { checkTargets } from './targets.ts';

/** An application that runs, and the container that it runs in. */
export interface InPool {
  readonly started: Started;
  readonly container: { readonly id: string; readonly name: string };
}

/**
 * An ordinary start in the place of one in a member, with the same outcome: for a request that no member can take.
 *
 * @param defaults of the pool
 * @param request merged with them, but for its mounts
 * @throws RequestError, LaunchError as a start does
 */
export async function startInstead(
  runtime: Runtime,
  defaults: RunRequest,
  request: RunRequest,
  how: Omit<StartRequest, 'rm'>,
): Promise<InPool> {
  const { signal, laps } = how;
  checkTargets({ request: defaults, volumes: [] }, request.mounts);
  const whole = { ...request, mounts: [...defaults.mounts, ...request.mounts], rm: true };
  // Until it is on record, nobody removes its image.
  await using _hold = await runtime.images.hold({ signal });
  const created = await createContainer(runtime, whole, { durability: 'ephemeral', signal, laps, startsNext: true });
  const started = await startContainer(runtime, created, { ...how, rm: true });
  const { id, name } = created.record;
  return { started, container: { id, name } };
}
