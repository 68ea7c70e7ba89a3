import { RequestError } from '../errors/index.ts';
import type { Store } from '../store/store.ts';
import { writeState } from './files.ts';
import { type Ending, endedState, type StoredContainer } from './schema.ts';

/** ID of the lock that those hold who wait for the end of a container. */
export const waiterLock = (id: string): string => `${id}.wait`;

/** How long the removal of a container that has ended waits for those who want to know how, ms. */
const patience = 1000;

/**
 * Keeps the record of a container there for `use`, which waits for its end: one that goes with its end would take the
 * answer along.
 */
export async function asWaiter<Result>(store: Store, id: string, use: () => Promise<Result>): Promise<Result> {
  const lock = await store.lock('container', waiterLock(id), 'shared');
  try {
    return await use();
  } finally {
    await lock.release();
    // Whoever waits last takes the file along.
    await (await store.tryLock('container', waiterLock(id), 'exclusive'))?.retire();
  }
}

/**
 * A container that has ended goes, record and all: lets those read how it ended who wait for it in other programs. A
 * waiter looks at the record after it has taken its lock; one that takes it later than this looks for it finds no record.
 */
export async function letWaitersRead(store: Store, container: StoredContainer, ending: Ending): Promise<void> {
  const { record, state, durability } = container;
  if (!store.isLockKnown('container', waiterLock(record.id))) return;
  await writeState(store, record.id, durability, endedState(state, ending));
  try {
    const lock = await store.lock('container', waiterLock(record.id), 'exclusive', { timeoutMs: patience });
    await lock.retire();
  } catch (error) {
    // One that is stopped itself must not keep the container.
    if (!(error instanceof RequestError && error.code === 'ORLOP_E_TIMEOUT')) throw error;
  }
}
