import { RequestError } from '../errors/index.ts';
import { resolveImageUser } from '../images/read-users.ts';
import type { ResolvedImage, ResolvedUser } from '../images/types.ts';
import type { RunRequest } from '../request/types.ts';
import { newId } from '../store/id.ts';
import type { Laps } from '../trace/laps.ts';
import { prepareVolumes } from '../volumes/prepare.ts';
import { allowRemount, makeLayer } from './layer.ts';
import { nameFor } from './names.ts';
import { processOf } from './process.ts';
import { treesKind } from './ready-trees.ts';
import type { ContainerRecord, Durability, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { seccompFilter } from './seccomp.ts';
import { resolveSources } from './sources.ts';
import { ImageView } from './view.ts';
import { type VolumeNeed, volumeNeeds } from './volume-needs.ts';

export interface CreateContext {
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
  /** Whether the start takes trees that were made ahead; default true. */
  readonly trees?: boolean | undefined;
  /** Times what is done. */
  readonly laps?: Laps | undefined;
}

/**
 * Makes a container: its record, its read-write layer, and the volumes that it needs. Whatever the request gets wrong is
 * found before anything is made; when something fails later, what was made is removed.
 *
 * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_NO_USER, ORLOP_E_SOURCE, ORLOP_E_CONTAINER_NAME, ORLOP_E_INPUT
 */
export async function createContainer(
  runtime: Runtime,
  request: RunRequest,
  { durability, signal, laps, trees = true }: CreateContext,
): Promise<StoredContainer> {
  const { images, containers, native } = runtime;
  requireRoot();
  // From here until the record is on disk, nobody removes the image.
  await using _hold = await images.hold({ signal });
  const image = await images.resolve(request.image);
  laps?.lap('image', image.reference);
  await using view = new ImageView(native, image.layers);
  const sources = await resolveSources(runtime.store, request.mounts);
  // A profile that cannot be used is to be known now; the start reads it again.
  if (typeof request.security.seccomp === 'object') await seccompFilter(request);
  laps?.lap('sources', 'of bind mounts');
  const kind = trees ? treesKind(request, image) : null;
  const ready = durability === 'ephemeral' ? takeLayer(runtime, kind) : null;
  const { record, needs, container } = await begin(runtime, request, image, view, ready, durability);
  laps?.lap('record', 'names, user, process');
  try {
    if (ready === null) await makeLayer(runtime.store, record.layer, image.layers[0]);
    else await placeLayer(runtime, ready, image, kind);
    laps?.lap('layer', 'the read-write layer');
    await prepareVolumes(runtime.store, runtime.volumes, async () => (await containers.uses()).volumes, needs, {
      container: record.id,
      view: view.open,
      owner: record.process,
      durable: durability === 'durable',
      signal,
    });
    laps?.lap('volumes', 'made, or found');
    return { ...container, found: { image, sources } };
  } catch (error) {
    // What went wrong first is what the caller has to know.
    await containers.remove(record.id, { force: true, volumes: true }).catch(() => {});
    throw error;
  }
}

/** One with trees of this kind, otherwise one without any. */
function takeLayer({ layers, trees }: Runtime, kind: string | null): string | null {
  return layers.take(
    (id) => fits(trees, id, kind),
    (id) => !trees.has(id),
  );
}

/** The trees in a layer that are of another kind show another image: they must not be there when it is started. */
async function placeLayer(
  { store, layers, trees }: Runtime,
  layer: string,
  { layers: [uppermost] }: ResolvedImage,
  kind: string | null,
): Promise<void> {
  layers.place(layer, uppermost);
  if (!trees.has(layer) || fits(trees, layer, kind)) return;
  await trees.drop(layer);
  await allowRemount(store, layer);
}

function fits(trees: Runtime['trees'], layer: string, kind: string | null): boolean {
  return kind !== null && trees.fits(layer, kind);
}

/** Describes and records it. A layer that was taken for it goes back when it cannot be. */
async function begin(
  runtime: Runtime,
  request: RunRequest,
  image: ResolvedImage,
  view: ImageView,
  ready: string | null,
  durability: Durability,
): Promise<{
  readonly record: ContainerRecord;
  readonly needs: readonly VolumeNeed[];
  readonly container: StoredContainer;
}> {
  try {
    const { record, needs } = await describe(runtime, request, image, view, ready ?? newId());
    return { record, needs, container: await runtime.containers.add(record, durability) };
  } catch (error) {
    if (ready !== null) runtime.layers.giveBack(ready);
    throw error;
  }
}

/** The record of a new container, and the volumes that it needs; nothing is made. */
export async function describe(
  { native }: Pick<Runtime, 'native'>,
  request: RunRequest,
  image: ResolvedImage,
  view: ImageView,
  id = newId(),
): Promise<{ readonly record: ContainerRecord; readonly needs: readonly VolumeNeed[] }> {
  const hostname = request.hostname ?? id.slice(0, 12);
  const user = await userOf(native, request, image, view);
  const needs = volumeNeeds(request, image.config, newId);
  const record: ContainerRecord = {
    version: 1,
    id,
    name: request.name ?? nameFor(id),
    created: new Date().toISOString(),
    image: { reference: image.reference, id: image.id },
    layer: id,
    request,
    process: processOf(request, image.config, user, hostname),
    volumes: needs.map(({ nocopy: _, ...use }) => use),
    hostname,
  };
  return { record, needs };
}

/** Root of the host is known without a look at it, which costs a mount. */
async function userOf(
  native: Runtime['native'],
  request: RunRequest,
  image: ResolvedImage,
  view: ImageView,
): Promise<ResolvedUser> {
  const spec = request.user ?? image.config.user;
  if (spec === '' && image.id === 'host') return { uid: 0, gid: 0, groups: [], home: '/root' };
  return resolveImageUser(native, image, spec === '' ? '0' : spec, view.open);
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new RequestError('ORLOP_E_PERMISSION', 'a container can only be made by root in this version', {
    hint: 'run it with sudo, or in a user namespace: unshare --user --map-root-user',
  });
}
