import { RequestError } from '../errors/index.ts';
import { resolveImageUser } from '../images/read-users.ts';
import type { ResolvedImage } from '../images/types.ts';
import { now } from '../linux/clock.ts';
import { ownIdentity } from '../linux/proc.ts';
import type { RunRequest } from '../request/types.ts';
import { newId } from '../store/id.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import type { Laps } from '../trace/laps.ts';
import { prepareVolumes } from '../volumes/prepare.ts';
import { newRecordChanges } from './directory.ts';
import { allowRemount, makeLayer } from './layer.ts';
import { nameFor } from './names.ts';
import { processOf } from './process.ts';
import { treesKind } from './ready-trees.ts';
import { type ContainerRecord, created, type Durability, type StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { seccompFilter } from './seccomp.ts';
import { recallSources, resolveSources } from './sources.ts';
import { ImageView } from './view.ts';
import { type VolumeNeed, volumeNeeds } from './volume-needs.ts';

export interface CreateContext {
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
  /** Whether the start takes trees that were made ahead; default true. */
  readonly trees?: boolean | undefined;
  /** Times what is done. */
  readonly laps?: Laps | undefined;
  /**
   * The caller starts it next, and holds the images until it has; then it calls `ReadyLayers.placed`. So the start may be
   * left to make what only it needs, and to find out whether the sources that were seen before are still there.
   */
  readonly startsNext?: boolean | undefined;
}

/**
 * Makes a container: its record, its read-write layer, and the volumes that it needs. Whatever the request gets wrong is
 * found before anything is made; when something fails later, what was made is removed.
 *
 * @throws RequestError ORLOP_E_NO_IMAGE, ORLOP_E_NO_USER, ORLOP_E_SOURCE, ORLOP_E_CONTAINER_NAME, ORLOP_E_INPUT,
 * ORLOP_E_STORE when there is no space left
 */
export async function createContainer(
  runtime: Runtime,
  request: RunRequest,
  context: CreateContext,
): Promise<StoredContainer> {
  return create(runtime, request, context).catch(explainingNoSpace(runtime.store));
}

async function create(
  runtime: Runtime,
  request: RunRequest,
  { durability, signal, laps, trees = true, startsNext = false }: CreateContext,
): Promise<StoredContainer> {
  const { images, native, store } = runtime;
  requireRoot();
  foresee(runtime, request, durability);
  // From here until the record is on disk, nobody removes the image.
  await using _hold = startsNext ? null : await images.hold({ signal });
  const image = await images.resolve(request.image);
  laps?.lap('image', image.reference);
  await using view = ImageView.ofImage(native, image);
  const look = startsNext ? recallSources : resolveSources;
  const sources = await look(store, request.mounts, signal);
  // A profile that cannot be used is to be known now; the start reads it again.
  if (typeof request.security.seccomp === 'object') await seccompFilter(request);
  laps?.lap('sources', 'of bind mounts');
  const kind = trees ? treesKind(request, image) : null;
  const ready = durability === 'ephemeral' ? takeLayer(runtime, kind) : null;
  const { record, needs } = await describeFor(runtime, request, image, view, ready);
  laps?.lap('record', 'names, user, process');
  const found = { image, sources };
  const simple = needs.length === 0 && request.name === null;
  if (startsNext && simple && ready !== null && suits(runtime, ready, kind)) {
    return { ...(await leaveToStart(runtime, record, image, ready)), found };
  }
  const making = { record, needs, image, view, ready, kind };
  const container = await make(runtime, making, { durability, signal, laps });
  return { ...container, found };
}

/** A command makes one start, and this begins what takes the kernel longest of it. */
function foresee({ native, networks, strategies }: Runtime, { network }: RunRequest, durability: Durability): void {
  if (network === 'none' && durability === 'ephemeral' && strategies.ahead && native.worksAtOnce()) networks.foresee();
}

async function describeFor(
  { native, layers }: Runtime,
  request: RunRequest,
  image: ResolvedImage,
  view: ImageView,
  ready: string | null,
): Promise<Description> {
  try {
    return await describe({ native }, request, image, view, ready ?? newId());
  } catch (error) {
    if (ready !== null) layers.giveBack(ready);
    throw error;
  }
}

/** The container as it will be once the launching thread has made it. */
async function leaveToStart(
  { store, layers }: Runtime,
  record: ContainerRecord,
  image: ResolvedImage,
  ready: string,
): Promise<StoredContainer> {
  const self = await ownIdentity();
  const state = { ...created, owner: self };
  // The record comes first: from then on, what is left behind is found.
  const pending = [...newRecordChanges(store, record, state, self), ...layers.placement(ready, image.layers[0])];
  return { record, state, durability: 'ephemeral', pending };
}

interface Making extends Description {
  readonly image: ResolvedImage;
  readonly view: ImageView;
  /** A layer that lies ready. */
  readonly ready: string | null;
  /** Of the trees that may be in it. */
  readonly kind: string | null;
}

/** Records it, and makes what it needs. */
async function make(
  runtime: Runtime,
  { record, needs, image, view, ready, kind }: Making,
  { durability, signal, laps }: CreateContext,
): Promise<StoredContainer> {
  const { containers, store, volumes } = runtime;
  const container = await addRecord(runtime, record, ready, durability);
  try {
    if (ready === null) await makeLayer(store, record.layer, image.layers[0]);
    else await placeLayer(runtime, ready, image, kind);
    laps?.lap('layer', 'the read-write layer');
    await prepareVolumes(store, volumes, async () => (await containers.uses()).volumes, needs, {
      container: record.id,
      view: view.open,
      owner: record.process,
      durable: durability === 'durable',
      signal,
    });
    laps?.lap('volumes', 'made, or found');
    return container;
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
  try {
    store.native.change(layers.placement(layer, uppermost));
  } finally {
    layers.placed(layer);
  }
  if (suits({ trees }, layer, kind)) return;
  await trees.drop(layer);
  await allowRemount(store, layer);
}

function suits({ trees }: Pick<Runtime, 'trees'>, layer: string, kind: string | null): boolean {
  return !trees.has(layer) || fits(trees, layer, kind);
}

function fits(trees: Runtime['trees'], layer: string, kind: string | null): boolean {
  return kind !== null && trees.fits(layer, kind);
}

/** A layer that was taken for it goes back when it cannot be recorded. */
async function addRecord(
  { containers, layers }: Runtime,
  record: ContainerRecord,
  ready: string | null,
  durability: Durability,
): Promise<StoredContainer> {
  try {
    return await containers.add(record, durability);
  } catch (error) {
    if (ready !== null) layers.giveBack(ready);
    throw error;
  }
}

interface Description {
  readonly record: ContainerRecord;
  readonly needs: readonly VolumeNeed[];
}

/** The record of a new container, and the volumes that it needs; nothing is made. */
export async function describe(
  { native }: Pick<Runtime, 'native'>,
  request: RunRequest,
  image: ResolvedImage,
  view: ImageView,
  id = newId(),
): Promise<Description> {
  const hostname = request.hostname ?? id.slice(0, 12);
  const user = await resolveImageUser(native, image, request.user ?? image.config.user, view.open);
  const needs = volumeNeeds(request, image.config, newId);
  const record: ContainerRecord = {
    version: 1,
    id,
    name: request.name ?? nameFor(id),
    created: now(),
    image: { reference: image.reference, id: image.id },
    layer: id,
    request,
    process: processOf(request, image.config, user, hostname),
    volumes: needs.map(({ nocopy: _, ...use }) => use),
    hostname,
  };
  return { record, needs };
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new RequestError('ORLOP_E_PERMISSION', 'a container can only be made by root in this version', {
    hint: 'run it with sudo',
  });
}
