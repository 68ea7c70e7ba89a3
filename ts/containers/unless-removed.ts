import { noContainer } from '../record/container-store.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { Runtime } from './runtime.ts';

/**
 * Calls `work`, which uses the layer of a container. If another program has removed the container meanwhile, the error
 * says so, instead of the error of `work`.
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
    // A removal in progress removes the layer before the record: wait for its lock.
    await using lock = await store.lock('container', record.id, 'exclusive');
    if ((await containers.get(record.id)) !== null) throw error;
    await lock.retire();
    throw noContainer(record.name);
  }
}
