import { RequestError } from '../errors/index.ts';
import type { Finished } from '../native/contract.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import { type ExitStatus, exitStatus } from '../supervise/exit.ts';
import { type EndChanges, endChanges } from './ephemeral.ts';
import { setOwnEnd } from './own.ts';
import type { Ending, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';

/** How an application ended, and what was collected of its outputs. */
export interface Ended extends Pick<Finished, 'outputs' | 'overflow'> {
  readonly status: ExitStatus;
}

/** What the threads that see an application to its end do to the store; nothing where that is no matter for a list. */
export function changesAtEnd({ store }: Runtime, container: StoredContainer, rm: boolean): EndChanges {
  return (rm ? endChanges(store, container) : null) ?? { changes: [], later: [] };
}

export interface EndRequest {
  readonly rm: boolean;
  /** Whether the threads that see it to its end remove it. */
  readonly listed: boolean;
  readonly finished: Promise<Finished>;
}

/** Waits for the end, records it, and removes what is to go with it, as far as nobody else has done so. */
export async function seeToEnd(
  { containers, store }: Runtime,
  container: StoredContainer,
  { rm, listed, finished }: EndRequest,
): Promise<Ended> {
  const settle = async (ending: Ending) => {
    if (rm && container.durability === 'ephemeral') return containers.removeEnded(container, ending);
    await containers.exited(container, ending);
    if (rm) await containers.remove(container.record.id, { volumes: true }).catch(ignoreGone);
  };
  let end: Finished;
  try {
    end = await finished;
  } catch (error) {
    await settle({ exitCode: null, signal: null });
    throw error;
  }
  const status = exitStatus(end.exit);
  // What could not be done as a list, because others wait for the end or remove it as well, is done step by step.
  if (!listed || end.failure !== null) await settle(status).catch(explainingNoSpace(store));
  else containers.gone(container.record.id);
  return { ...end, status };
}

/** The end as those are told who only ask for that. */
export function exitOf({ record }: StoredContainer, ended: Promise<Ended>): Promise<ExitStatus> {
  const exited = ended.then(({ status }) => status);
  setOwnEnd(record.id, exited);
  return exited;
}

/** Another program may have removed it by force, which was its end. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof RequestError && error.code === 'ORLOP_E_NO_CONTAINER')) throw error;
}
