import { fillAll } from '../plan/holes.ts';
import type { Durability, StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import { ImageView } from '../resolve/image-view.ts';
import { explaining } from '../store/explain.ts';
import { newId } from '../store/id.ts';
import type { Laps } from '../trace/laps.ts';
import { prepareVolumes } from '../volumes/prepare.ts';
import { newOwn } from './own.ts';
import type { PreparedContainer } from './prepare.ts';
import { withPrepared } from './prepared-containers.ts';
import type { Runtime } from './runtime.ts';

export interface CreateContext {
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
  /** The layer must not be mounted yet, because another process mounts it. */
  readonly unmounted?: boolean | undefined;
  /** Lap timer for the steps. */
  readonly laps?: Laps | undefined;
}

/** A container that this program has made, with its prepared start. */
export interface CreatedContainer extends StoredContainer {
  readonly prepared: PreparedContainer;
}

/** Drops the prepared start if its checks could miss a change until the start, which then resolves the record. */
export function forLaterStart({ prepared, ...container }: CreatedContainer): StoredContainer | CreatedContainer {
  return prepared.resolved.startLasts ? { ...container, prepared } : container;
}

/**
 * Makes a container: its record, its read-write layer and its volumes. Errors in the request are found before that.
 * After any other error, what was made is removed.
 *
 * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_NO_USER, ORLOP_E_SOURCE, ORLOP_E_CONTAINER_NAME, ORLOP_E_INPUT,
 * ORLOP_E_STORE when there is no space left
 */
export async function createContainer(
  runtime: Runtime,
  request: RunRequest,
  context: CreateContext,
): Promise<CreatedContainer> {
  requireMeans(runtime, request);
  const make = (prepared: PreparedContainer) => makeContainer(runtime, prepared, request, context);
  return withPrepared(runtime, request, context, make).catch(explaining(runtime.store));
}

/** Makes a container from a prepared one. Throws as `createContainer`, and the system error of a failed check. */
export async function makeContainer(
  runtime: Runtime,
  prepared: PreparedContainer,
  request: RunRequest,
  { signal, unmounted, laps }: Omit<CreateContext, 'durability'>,
): Promise<CreatedContainer> {
  const { containers, roots } = runtime;
  const { root, resolved } = prepared;
  const isEphemeral = prepared.container.durability === 'ephemeral';
  const layer = isEphemeral ? roots.take(unmounted ? null : (root?.key ?? null)) : null;
  const id = layer?.id ?? newId();
  try {
    const { values } = newOwn(resolved, request, id);
    const container = { ...fillAll(prepared.container, values), prepared };
    const changes = prepared.created({
      stagingDirectory: layer?.stagingDirectory ?? null,
      mounted: roots.isMounted(id),
    });
    await containers.add(container, fillAll(changes, values), {
      makeVolumes: () => {
        laps?.lap('container', 'its record and its layer');
        return makeVolumes(runtime, container, signal);
      },
      signal,
    });
    laps?.lap('volumes', 'made, or found');
    return container;
  } catch (error) {
    // The caller gets the first error.
    await undoContainer(runtime, { record: { id }, durability: prepared.container.durability }).catch(() => {});
    throw error;
  } finally {
    if (layer !== null) roots.release(id);
  }
}

async function makeVolumes(
  { containers, native, store, volumes }: Runtime,
  { record, durability, prepared }: CreatedContainer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { image, user, volumes: needs } = prepared.resolved;
  if (needs.length === 0) return;
  await using view = ImageView.ofImage(native, image);
  await prepareVolumes(store, volumes, async () => (await containers.uses()).volumes, needs, {
    container: record.id,
    view: view.open,
    owner: user,
    durable: durability === 'durable',
    signal,
  });
}

/** Removes a container whose making or start failed, as far as it was made. */
export async function undoContainer(
  { containers, roots }: Runtime,
  { record, durability }: Pick<StoredContainer, 'durability'> & { readonly record: { readonly id: string } },
): Promise<void> {
  // Without a record, only the container's ID leads to the layer and its mounts.
  await roots.discard(record.id);
  await containers.undo(record.id, durability);
}

/** @throws RequestError ORLOP_E_PERMISSION, ORLOP_E_LIMIT */
export function requireMeans({ native: { rights }, groups }: Runtime, { limits, pid }: RunRequest): void {
  if (rights.kind === 'none') throw rights.why;
  groups.check(limits, pid === 'host');
}
