import { RequestError } from '../errors/index.ts';
import type { Store } from '../store/store.ts';
import { writeState } from './files.ts';
import { exitedState, type RecordedExit, type StoredContainer } from './schema.ts';

/** ID of the lock that processes hold while they wait for a container's exit. */
export const waiterLock = (id: string): string => `${id}.wait`;

/** Limit of a removal's wait for these processes, in ms. */
const timeoutMs = 1000;

/**
 * Calls `use`, which waits for a container's exit, and keeps the record until then: a removal after the exit would
 * remove the exit status too.
 */
export async function asWaiter<Result>(store: Store, id: string, use: () => Promise<Result>): Promise<Result> {
  const lock = await store.lock('container', waiterLock(id), 'shared');
  try {
    return await use();
  } finally {
    await lock.release();
    // The last waiting process removes the lock file.
    await (await store.tryLock('container', waiterLock(id), 'exclusive'))?.retire();
  }
}

/**
 * Records the exit of a container that is being removed, and lets the processes that wait for it read the record. Such
 * a process takes its lock before it reads. If it takes the lock after this call, it finds no record.
 */
export async function letWaitersRead(store: Store, container: StoredContainer, exit: RecordedExit): Promise<void> {
  const { record, state, durability } = container;
  if (!store.isLockKnown('container', waiterLock(record.id))) return;
  await writeState(store, record.id, durability, exitedState(state, exit));
  try {
    const lock = await store.lock('container', waiterLock(record.id), 'exclusive', { timeoutMs });
    await lock.retire();
  } catch (error) {
    // A process that is stopped itself must not block the removal.
    if (!(error instanceof RequestError && error.code === 'ORLOP_E_TIMEOUT')) throw error;
  }
}
