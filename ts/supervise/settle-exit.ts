import type { GroupUsage } from '../cgroups/reading.ts';
import { messageOf } from '../errors/message.ts';
import type { NativeExit } from '../native/contract.ts';
import { setOwnExit } from '../record/claims.ts';
import type { ContainerStore } from '../record/container-store.ts';
import { ignoreGone } from '../record/gone.ts';
import { type RecordedExit, type StoredContainer, unobserved } from '../record/schema.ts';
import { explained } from '../store/explain.ts';
import type { Store } from '../store/store.ts';
import { type ExitStatus, exitStatus } from './exit.ts';

/** A limit of time that a container has met. */
export type TimeLimit = 'cpuTime' | 'wallTime';

/** Exit of an application, with what its cgroups have counted; null without cgroups of its own. */
export interface ContainerExit extends NativeExit {
  readonly group: GroupUsage | null;
  /** Limit of time that ended it; null if none did. */
  readonly timeLimit: TimeLimit | null;
}

/** Exit of an application, with its collected outputs. */
export interface ExitReport
  extends Pick<ContainerExit, 'exit' | 'outputs' | 'overflow' | 'cut' | 'group' | 'timeLimit'> {
  readonly status: ExitStatus;
}

export interface ExitRequest {
  /** ID of the container. */
  readonly id: string;
  /** The launcher's threads remove the container. */
  readonly removes: boolean;
  readonly finished: Promise<ContainerExit>;
}

/**
 * Waits for the exit. Then records it and removes the container, unless the launcher's threads have done so. If that
 * fails, the exit is reported all the same: the application has ended, and its output cannot be had again.
 *
 * @param container with its running state
 */
export async function settleExit(
  { containers, store }: { readonly containers: ContainerStore; readonly store: Pick<Store, 'root' | 'run'> },
  container: () => StoredContainer,
  { id, removes, finished }: ExitRequest,
): Promise<ExitReport> {
  const warn = (error: unknown) => {
    containers.gone(id);
    const what = `recording the exit of container '${container().record.name}', or removing it, failed`;
    process.emitWarning(
      `${what}: ${messageOf(explained(store, error))}; a later command makes up for it`,
      'OrlopWarning',
    );
  };
  const settle = async (exit: RecordedExit) => {
    const running = container();
    const { rm } = running.record.request;
    if (rm && running.durability === 'ephemeral') return containers.removeExited(running, exit);
    await containers.exited(running, exit);
    // A removal by force has been the exit.
    if (rm) await containers.remove(id, { volumes: true }).catch(ignoreGone);
  };
  let end: ContainerExit;
  try {
    end = await finished;
  } catch (error) {
    await settle(unobserved).catch(warn);
    throw error;
  }
  const status = exitStatus(end.exit);
  // The batch of changes fails if another program waits for the exit or removes the container too.
  if (!removes || end.failure !== null) await settle(status).catch(warn);
  else containers.gone(id);
  return { ...end, status };
}

/** Announces the exit of a container in this program, for `ownExit`; gives the exit without the outputs. */
export function announceExit(id: string, ended: Promise<ExitReport>): Promise<ExitStatus> {
  const exited = ended.then(({ status }) => status);
  setOwnExit(id, exited);
  return exited;
}
