import type { ProcessIdentity } from '../linux/proc.ts';
import type { Change, RunningState } from '../native/contract.ts';
import { hole, jsonWithHoles } from '../plan/holes.ts';
import type { Store } from '../store/store.ts';
import { newRecordChanges, removeRecordChanges, statePath } from './files.ts';
import { type LayerOrigin, placeLayer, type RootAttributes } from './layer.ts';
import type { ContainerState, StoredContainer } from './schema.ts';
import { waiterLock } from './waiters.ts';

// What the making, the start and the end of a container do to the store, as lists of changes: the thread that clones its
// container init process and the one that sees its application end make them without the JavaScript thread. Texts may
// have holes.

/** Makes a container: its record first, because from then on what is left behind is found. Pure. */
export function createdChanges(
  store: Store,
  container: StoredContainer,
  self: ProcessIdentity,
  origin: LayerOrigin,
  root: RootAttributes,
): Change[] {
  return [...newRecordChanges(store, container, self), ...placeLayer(store, container.record.layer, origin, root)];
}

/** The state of a container whose application runs, but for what only the launching thread knows. Pure. */
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

/** What removes a container that has ended. */
export interface EndChanges {
  readonly changes: readonly Change[];
  /** Takes time: the caller does not wait for it. */
  readonly later: readonly Change[];
}

/**
 * What removes a container of this program once its application has ended: layer, mount point, and its record last,
 * because the record is what finds the rest again after a crash. Null where that takes more than a list: anonymous
 * volumes may have got another user.
 */
export function endedChanges(
  store: Store,
  { record, state, durability }: StoredContainer,
  trash: string | null,
): EndChanges | null {
  const { id, layer, volumes } = record;
  const { owner } = state;
  if (durability === 'durable' || owner === null || volumes.some(({ anonymous }) => anonymous)) return null;
  const removal = layerRemoval(store, layer, trash);
  if (removal === null) return null;
  const lock = store.lockFile('container', id);
  const changes: Change[] = [
    ['lock', lock],
    // Others who wait for the end have to read how it ended first.
    ['absent', store.lockFile('container', waiterLock(id))],
    ...removal.changes,
    ...removeRecordChanges(store, id, owner),
    ['unlink', lock],
  ];
  return { changes, later: removal.later };
}

/** The layer and its mount point. A command removes them in their places: nothing waits for less. */
function layerRemoval(store: Store, layer: string, trash: string | null): EndChanges | null {
  const [path, mountPoint] = [store.layerPath(layer), store.mountPoint(layer)];
  if (store.mode === 'command') {
    // Never recursively: should anything be mounted there, it is not ours to remove.
    return {
      changes: [
        ['remove', path],
        ['rmdir', mountPoint],
      ],
      later: [],
    };
  }
  if (trash === null) return null;
  const place = `${trash}/${layer}`;
  // The mount point is empty; where the place has one already, its removal is left to what removes step by step.
  const changes: Change[] = [
    ['discard', path, place],
    ['discard', mountPoint, `${place}/mnt`],
  ];
  return { changes, later: [['remove', place]] };
}
