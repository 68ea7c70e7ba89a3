import type { ProcessIdentity } from '../linux/proc.ts';
import type { Change, RunningState } from '../native/contract.ts';
import { hole, jsonWithHoles } from '../plan/holes.ts';
import type { Store } from '../store/store.ts';
import { statePath } from './files.ts';
import { type LayerOrigin, moveLayer, type RootAttributes, syncLayer } from './layer.ts';
import { newRecordChanges } from './making.ts';
import { limitLayer, unlimitLayer } from './quota.ts';
import { removeRecordChanges } from './removing.ts';
import type { ContainerRecord, ContainerState, StoredContainer } from './schema.ts';
import { waiterLock } from './waiters.ts';

// Batches of changes to the store for the making, the start and the exit of a container. The launcher thread and the
// thread that waits for the exit make the changes, without the JavaScript thread. Texts may have holes.

/**
 * Makes a container. Its record is written first, so that a recovery finds the layer. The record gets its name last, and
 * a durable one after all syncs, so that a container with a name has its layer. Pure.
 */
export function createdChanges(
  store: Store,
  container: StoredContainer,
  self: ProcessIdentity,
  origin: LayerOrigin,
  root: RootAttributes,
): Change[] {
  const { layer } = container.record;
  const { write, sync, publish } = newRecordChanges(store, container, self);
  const layerSync = container.durability === 'durable' ? syncLayer(store, layer) : [];
  const made = [...moveLayer(store, layer, origin, root), ...limitLayer(store, container.record)];
  return [...write, ...made, ...sync, ...layerSync, ...publish];
}

/** State of a container whose application runs, without PID and start time, which the launcher thread adds. Pure. */
export function runningState(store: Store, { record, state, durability }: StoredContainer): RunningState {
  const running: ContainerState = { ...state, status: 'running', startedAt: hole.started, finishedAt: null };
  const { pid: _pid, startTime: _startTime, ...rest } = running;
  const durable = durability === 'durable';
  return {
    path: statePath(store, record.id, durability),
    head: `${jsonWithHoles(rest).slice(0, -1)},`,
    tail: '}',
    durable,
  };
}

/** Changes that remove a container after the application's exit. */
export interface AfterExit {
  /** Made before the caller is notified of the exit. */
  readonly changes: readonly Change[];
  /** Made after that, because they take time. */
  readonly background: readonly Change[];
}

/**
 * Removes a container of this program after the exit: layer, mount point, and the record last, because after a crash
 * the record leads to the rest. Null if that takes more than a batch: a removal of anonymous volumes looks for other
 * users.
 */
export function afterExitChanges(
  store: Store,
  { record, state, durability }: StoredContainer,
  trash: string | null,
): AfterExit | null {
  const { id, volumes } = record;
  const { owner } = state;
  if (durability === 'durable' || owner === null || volumes.some(({ anonymous }) => anonymous)) return null;
  const removal = layerRemoval(store, record, trash);
  if (removal === null) return null;
  const lock = store.lockFile('container', id);
  const changes: Change[] = [
    ['lock', lock],
    // Fails if another program waits for the exit: that one reads the exit from the record first.
    ['absent', store.lockFile('container', waiterLock(id))],
    ...removal.changes,
    ...removeRecordChanges(store, id, owner),
    ['unlink', lock],
  ];
  return { changes, background: removal.background };
}

/** Removes the layer and its mount point. A command has no later time, so it removes them in place. */
function layerRemoval(store: Store, record: ContainerRecord, trash: string | null): AfterExit | null {
  const { layer } = record;
  const [path, mountPoint] = [store.layerPath(layer), store.mountPoint(layer)];
  const unlimited = unlimitLayer(store, record);
  if (store.mode === 'command') {
    // Not recursive: files below a mount would not be the container's.
    return {
      changes: [...unlimited, ['remove', path], ['rmdir', mountPoint]],
      background: [],
    };
  }
  if (trash === null) return null;
  const discarded = `${trash}/${layer}`;
  // The mount point is empty. If the trash has one already, the batch fails, and JavaScript removes the container.
  const changes: Change[] = [...unlimited, ['discard', path, discarded], ['discard', mountPoint, `${discarded}/mnt`]];
  return { changes, background: [['remove', discarded]] };
}
