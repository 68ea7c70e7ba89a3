import { noContainer } from '../record/container-store.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Runtime } from './runtime.ts';

/**
 * Works with the layer of a container. Another program may remove it meanwhile: whatever met that first, that the
 * container is gone is what the caller has to know.
 *
 * @throws RequestError ORLOP_E_NO_CONTAINER when it was removed; otherwise as `work` does
 */
export async function unlessRemoved<Result>(
  { containers, store }: Pick<Runtime, 'containers' | 'store'>,
  { record }: StoredContainer,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // A removal that is under way has taken the layer, and not yet the record.
    await using lock = await store.lock('container', record.id, 'exclusive');
    if ((await containers.get(record.id)) !== null) throw error;
    await lock.retire();
    throw noContainer(record.name);
  }
}
