import { RequestError } from '../errors/index.ts';
import { isAlive } from '../linux/proc.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Runtime } from './runtime.ts';
import { layerSize } from './size.ts';

export interface PrunedContainers {
  readonly removed: readonly string[];
  /** Bytes of their read-write layers. */
  readonly reclaimed: number;
}

/** Removes containers that do not run, with their anonymous volumes kept, as Docker does. */
export async function pruneContainers(
  runtime: Runtime,
  filter: (container: StoredContainer) => boolean,
): Promise<PrunedContainers> {
  const { containers } = await runtime.containers.list();
  const removed: string[] = [];
  let reclaimed = 0;
  for (const container of containers) {
    if (!(await isIdle(container)) || !filter(container)) continue;
    const size = await layerSize(runtime, container);
    if (!(await removedNow(runtime, container.record.id))) continue;
    removed.push(container.record.id);
    reclaimed += size;
  }
  return { removed, reclaimed };
}

/** False for a container that runs, or that a living program is starting or keeps for itself. */
async function isIdle({ state: { status, owner } }: StoredContainer): Promise<boolean> {
  if (status === 'running') return false;
  return owner === null || !(await isAlive(owner));
}

/** False when another program has started or removed it meanwhile. */
async function removedNow({ containers }: Runtime, id: string): Promise<boolean> {
  try {
    await containers.remove(id);
    return true;
  } catch (error) {
    const codes = ['ORLOP_E_NO_CONTAINER', 'ORLOP_E_CONTAINER_RUNNING'];
    if (error instanceof RequestError && codes.includes(error.code)) return false;
    throw error;
  }
}
