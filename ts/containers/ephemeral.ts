import { join } from 'node:path';
import { now } from '../linux/clock.ts';
import type { Change, LaunchOptions } from '../native/contract.ts';
import type { Store } from '../store/store.ts';
import { removeRecordChanges, statePath } from './directory.ts';
import type { ContainerState, StoredContainer } from './record.ts';
import { waiterLock } from './waiters.ts';

// What the start and the end of an ephemeral container do to the store: the thread that clones it and the one that sees it
// end make these changes, without a turn of the event loop for each.

/** The state of one that is being started, as it will be written when the application has a number. */
export function startedState(state: ContainerState, startedAt = now()): ContainerState {
  return { ...state, status: 'running', startedAt, finishedAt: null };
}

/** What the launching thread writes: the state, but for what only it knows. Pure. */
export function startRecord(store: Store, id: string, state: ContainerState): NonNullable<LaunchOptions['record']> {
  const { pid: _pid, startTime: _startTime, ...rest } = state;
  return { path: statePath(store, id), head: `${JSON.stringify(rest).slice(0, -1)},`, tail: '}' };
}

/** What removes a container that has ended. */
export interface EndChanges {
  readonly changes: readonly Change[];
  /** Takes time, and is nobody's concern. */
  readonly later: readonly Change[];
}

/**
 * What removes a container of this program once its application has ended: layer, mount point, and its record last,
 * because the record is what finds the rest again after a crash. Null where that takes more than a list: anonymous
 * volumes may have got another user.
 */
export function endChanges(store: Store, { record, state, durability }: StoredContainer): EndChanges | null {
  const { id, layer, volumes } = record;
  const { owner } = state;
  if (durability === 'durable' || owner === null || volumes.some(({ anonymous }) => anonymous)) return null;
  const removal = layerRemoval(store, layer);
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

/** The layer and its mount point. A command removes them in their places: it has nobody who would wait for less. */
function layerRemoval(store: Store, layer: string): EndChanges | null {
  const [path, mountPoint] = [store.layerPath(layer), store.mountPoint(layer)];
  if (store.native.worksAtOnce()) {
    // Never recursively: should anything be mounted there, it is not ours to remove.
    return {
      changes: [
        ['remove', path],
        ['rmdir', mountPoint],
      ],
      later: [],
    };
  }
  const trash = store.trashPlace(layer);
  if (trash === null) return null;
  // The mount point is empty; where the place has one already, its removal is left to what removes step by step.
  const changes: Change[] = [
    ['discard', path, trash],
    ['discard', mountPoint, join(trash, 'mnt')],
  ];
  return { changes, later: [['remove', trash]] };
}
