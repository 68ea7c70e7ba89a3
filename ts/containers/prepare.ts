import { PreparedStart } from '../launch/prepared-start.ts';
import { ownIdentity } from '../linux/proc.ts';
import type { Change } from '../native/contract.ts';
import { inForm } from '../plan/form.ts';
import type { RootKind } from '../prefetch/roots.ts';
import { afterExitChanges, createdChanges, runningState } from '../record/changes.ts';
import { hasOwnUsers, type LayerOrigin } from '../record/layer.ts';
import { refuseLongRecord } from '../record/making.ts';
import { created, type StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import {
  type Resolved,
  type ResolvedStart,
  type ResolveOptions,
  resolveRequest,
  resolveStart,
} from '../resolve/resolve.ts';
import type { Runtime } from './runtime.ts';

/** Prepared making and start of a request's containers. Texts have holes. */
export interface PreparedContainer {
  readonly resolved: Resolved;
  /** Record and state of a container that is not made yet. */
  readonly container: StoredContainer;
  /** Batch of changes that makes a container. */
  created(origin: LayerOrigin): readonly Change[];
  readonly start: PreparedStart;
  /** Kind of root filesystem to prefetch for the next start; null: none. */
  readonly root: RootKind | null;
}

/** Resolves a request and prepares its containers. Throws as `resolveRequest` does. */
export async function prepareContainer(
  runtime: Runtime,
  request: RunRequest,
  options: ResolveOptions,
): Promise<PreparedContainer> {
  const { store, native, where } = runtime;
  const { durability } = options;
  await where.settled();
  const resolved = await resolveRequest(runtime, request, options);
  const { record, createChecks } = resolved;
  const self = await ownIdentity();
  // An ephemeral container belongs to this process from the beginning.
  const state = { ...created, owner: durability === 'ephemeral' ? self : null };
  const container = { record, state, durability };
  const made = (origin: LayerOrigin) => [
    ...createChecks,
    ...createdChanges(store, container, self, origin, resolved.rootAttributes),
  ];
  // What each container has of its own is limited by execve(2).
  refuseLongRecord(made({ stagingDirectory: null, mounted: false }));
  const owned = { ...container, state: { ...state, owner: self } };
  const start = new PreparedStart(native, { ...startOf(runtime, owned, resolved), created: made });
  return {
    resolved,
    container,
    created: made,
    start,
    root: durability === 'ephemeral' && !isOwn(resolved) ? rootOf(resolved, start) : null,
  };
}

/** True if the union belongs to one start: it is made in a user namespace, or bounded. */
function isOwn({ request, disk }: Resolved): boolean {
  return hasOwnUsers(request) || disk !== null;
}

/**
 * Prepares the start of a recorded container. Throws as `resolveStart` does.
 *
 * @param container claimed by this process
 */
export async function prepareStored(
  runtime: Runtime,
  container: StoredContainer,
  options: Omit<ResolveOptions, 'durability'>,
): Promise<PreparedStart> {
  const { images, native, where } = runtime;
  const { record, durability } = container;
  await where.settled();
  const image = await images.resolve(record.image.id, options);
  options.laps?.lap('image', image.value.reference);
  const resolved = await resolveStart(runtime, record, image.value, { ...options, durability });
  return new PreparedStart(native, { ...startOf(runtime, container, resolved), created: () => [] });
}

function startOf({ store }: Runtime, container: StoredContainer, { facts, startChecks, mayHang }: ResolvedStart) {
  const { rm, pid } = container.record.request;
  return {
    facts: () => facts(),
    checks: startChecks,
    running: runningState(store, container),
    // Other processes of the container may be left, which the launcher's threads do not know of.
    afterExit: (trash: string | null) => (rm && pid !== 'host' ? afterExitChanges(store, container, trash) : null),
    mayHang,
  };
}

function hasDevices({ devices = [], privileged }: RunRequest): boolean {
  return privileged === true || devices.length > 0;
}

function rootOf({ request, image, rootAttributes }: Resolved, start: PreparedStart): RootKind {
  const { layers, generation, hidden, parts } = image;
  return {
    // One with devices of the host has no `/dev` that another could have.
    key: JSON.stringify([request.shmSize, layers, generation, hidden, parts, hasDevices(request)]),
    attributes: rootAttributes,
    facts: () => inForm(start.facts, { strategy: 'opener', network: false, mounts: null }),
  };
}
