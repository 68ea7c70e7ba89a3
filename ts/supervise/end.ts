import { RequestError } from '../errors/index.ts';
import type { Finished } from '../native/contract.ts';
import { setOwnEnd } from '../record/claims.ts';
import type { ContainerStore } from '../record/container-store.ts';
import type { Ending, StoredContainer } from '../record/schema.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import type { Store } from '../store/store.ts';
import { type ExitStatus, exitStatus } from './exit.ts';

/** How an application ended, and what was collected of its outputs. */
export interface Ended extends Pick<Finished, 'outputs' | 'overflow'> {
  readonly status: ExitStatus;
}

export interface EndRequest {
  /** ID of the container. */
  readonly id: string;
  /** The threads that see the application to its end remove the container. */
  readonly removes: boolean;
  readonly finished: Promise<Finished>;
}

/**
 * Waits for the end, records it, and removes what is to go with it, as far as that is not done yet.
 *
 * @param container as it runs
 */
export async function seeToEnd(
  { containers, store }: { readonly containers: ContainerStore; readonly store: Store },
  container: () => StoredContainer,
  { id, removes, finished }: EndRequest,
): Promise<Ended> {
  const settle = async (ending: Ending) => {
    const running = container();
    const { rm } = running.record.request;
    if (rm && running.durability === 'ephemeral') return containers.removeEnded(running, ending);
    await containers.exited(running, ending);
    if (rm) await containers.remove(id, { volumes: true }).catch(ignoreGone);
  };
  let end: Finished;
  try {
    end = await finished;
  } catch (error) {
    await settle({ exitCode: null, signal: null });
    throw error;
  }
  const status = exitStatus(end.exit);
  // Where others wait for the end or remove the container as well, the list of changes has failed.
  if (!removes || end.failure !== null) await settle(status).catch(explainingNoSpace(store));
  else containers.gone(id);
  return { ...end, status };
}

/**
 * The end without what was collected, which this program knows by the container's ID until it is settled.
 */
export function exitOf(id: string, ended: Promise<Ended>): Promise<ExitStatus> {
  const exited = ended.then(({ status }) => status);
  setOwnEnd(id, exited);
  return exited;
}

/** Another program may have removed it by force, which was its end. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof RequestError && error.code === 'ORLOP_E_NO_CONTAINER')) throw error;
}
