import type { ResolvedImage } from '../images/types.ts';
import { features } from '../launch/features.ts';
import type { Change, LaunchOptions, NativeTemplate } from '../native/contract.ts';
import { buildPlan } from '../plan/build.ts';
import type { Plan } from '../plan/types.ts';
import type { RunRequest } from '../request/types.ts';
import { newId } from '../store/id.ts';
import type { Store } from '../store/store.ts';
import { newRecordChanges } from './directory.ts';
import { endChanges, startedState, startRecord } from './ephemeral.ts';
import { EtcFiles, etcEvidence } from './etc-files.ts';
import { type StartContext, startFacts } from './facts.ts';
import { layerPaths } from './layer.ts';
import { placementFrom } from './ready-layers.ts';
import { pathsIn, treesKind } from './ready-trees.ts';
import type { ContainerRecord, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { areDirect } from './sources.ts';

/** A start that went well, and all that is known of the next one of the same request. */
export interface FinishedStart {
  /** As it was before its start. */
  readonly container: StoredContainer;
  readonly image: ResolvedImage;
  /** With what was made ahead for it. */
  readonly context: StartContext;
  readonly plan: Uint8Array;
  /** Its standard streams. */
  readonly supplies: readonly number[];
  /** Bytes of each output that are collected. */
  readonly collect: number | undefined;
}

/** What starts of one request have in common: all but the ID, the name and the times. */
export interface StartTemplate {
  readonly native: NativeTemplate;
  readonly store: Store;
  /** Of the trees that it takes, and their names. */
  readonly kind: string;
  readonly trees: StartContext['treesReady'];
  /** Whether it takes a network namespace that lies ready. */
  readonly network: boolean;
  /** Whether it makes the container, too. */
  readonly making: boolean;
  /** Where layers lie ready, and where they are put when they are to go. */
  readonly shelf: string;
  readonly trash: string;
  readonly image: ResolvedImage;
  readonly context: StartContext;
  readonly container: StoredContainer;
}

const known = new WeakMap<RunRequest, Map<string, StartTemplate>>();
/** Of one request: a program may say another `maxBuffer` each time. */
const mostKinds = 4;

type Streams = Pick<FinishedStart, 'supplies' | 'collect'>;

/** Those of different streams are different launches. */
const keyOf = ({ supplies, collect }: Streams): string => `${supplies.join()} ${collect}`;

/** That of a request on this store, if a start of it was learned from. */
export function startTemplate(store: Store, request: RunRequest, streams: Streams): StartTemplate | null {
  const template = known.get(request)?.get(keyOf(streams));
  return template?.store === store ? template : null;
}

/** Something has turned out to be no longer so. */
export function forgetStarts(request: RunRequest): void {
  known.delete(request);
}

/** Keeps what the next start of the request can go by; nothing where that has to look for itself. */
export function learnStart(runtime: Runtime, start: FinishedStart): void {
  const { container, context, image } = start;
  const { record } = container;
  const { layers, native, store } = runtime;
  const [shelf, trash] = [layers.shelf, store.trashPlace(place)];
  if (shelf === null || trash === null || isLearned(start, { store, shelf, trash })) return;
  const options = launchOptions(runtime, start);
  if (options === null) return;
  const all = known.get(record.request) ?? new Map<string, StartTemplate>();
  known.set(record.request, all);
  if (all.size >= mostKinds && !all.has(keyOf(start))) all.clear();
  all.set(keyOf(start), {
    native: native.launchTemplate(start.plan, options, Object.values(blanksOf(record))),
    store,
    kind: treesKind(record.request, image),
    trees: context.treesReady,
    network: context.networkReady === true,
    making: container.pending !== undefined,
    shelf,
    trash,
    image,
    context,
    container,
  });
}

/** Whether there is a template already. Where many run at once, what lies ready is not enough for all of them. */
function isLearned(
  { container, image, ...streams }: FinishedStart,
  { store, shelf, trash }: Pick<StartTemplate, 'store' | 'shelf' | 'trash'>,
): boolean {
  const before = startTemplate(store, container.record.request, streams);
  return before !== null && before.image === image && before.shelf === shelf && before.trash === trash;
}

/** A name in the trash that only serves to see whether that is the same. */
export const place = 'place';

/** What is another text in each start. The launch fills them in, in this order: the ID comes before its first digits. */
interface Blanks {
  readonly id: string;
  readonly short: string;
  readonly name: string;
  readonly created: string;
  readonly started: string;
}

let others: Pick<Blanks, 'name' | 'created' | 'started'> | undefined;

/** All of them are drawn by chance, so what they stand for is meant wherever they stand. */
function blanksOf({ id }: ContainerRecord): Blanks {
  others ??= { name: newId(), created: newId(), started: newId() };
  return { id, short: id.slice(0, 12), ...others };
}

/** The values for them, for one start. */
export function valuesFor(id: string, name: string, time: string): readonly string[] {
  return Object.values({ id, short: id.slice(0, 12), name, created: time, started: time } satisfies Blanks);
}

/** Null where the start is not one that can be repeated without a look. */
function launchOptions(runtime: Runtime, start: FinishedStart): LaunchOptions | null {
  const { native, store } = runtime;
  const { container, context, supplies, collect } = start;
  const { record, state, found } = container;
  const end = endChanges(store, container);
  const etc = etcEvidence(context.files);
  const making = container.pending === undefined ? [] : makingOf(runtime, start);
  if (end === null || etc === null || making === null) return null;
  if (found === undefined || !areDirect(found.sources, record.request.mounts)) return null;
  if (context.treesReady === undefined || (record.request.network === 'none' && context.networkReady !== true))
    return null;
  // It may say something else when it has been written to.
  if (typeof record.request.security.seccomp === 'object') return null;
  return {
    descriptors: supplies,
    features: features(native),
    before: [...etc, ...making],
    record: startRecord(store, record.id, startedState(state, blanksOf(record).started)),
    // Where all is collected, nobody waits for the news of the start alone: the lock on the image goes with the list.
    finish: { collect: collect !== undefined, quiet: collect !== undefined, limit: collect ?? 0, ...end },
  };
}

/** What makes a container of it, whose image is still the one of its name; null where only a look can tell. */
function makingOf({ images, layers, store }: Runtime, { container, image }: FinishedStart): readonly Change[] | null {
  const { record, state } = container;
  const evidence = images.unchanged(record.request.image, image);
  if (evidence === null || layers.shelf === null || state.owner === null) return null;
  const { name, created } = blanksOf(record);
  return [
    ...evidence,
    ...newRecordChanges(store, { ...record, name, created }, state, state.owner),
    ...placementFrom(store, layers.shelf, record.id),
  ];
}

/** The record of another container of it. */
export function recordLike({ container }: StartTemplate, id: string, name: string, created: string): ContainerRecord {
  const { record } = container;
  const text = JSON.stringify(record).replaceAll(record.id, id).replaceAll(record.id.slice(0, 12), id.slice(0, 12));
  return { ...(JSON.parse(text) as ContainerRecord), request: record.request, name, created };
}

/** The plan that another start of it was launched with. */
export function planLike({ image, context, store }: StartTemplate, record: ContainerRecord): Plan {
  const paths = layerPaths(store, record.layer);
  const files = new EtcFiles(record.hostname, context.files.host);
  return buildPlan(startFacts(record, image, { ...context, paths, files }));
}

/** Has made what the next start like it takes, after the launch of the token. */
export function makeNextLike(
  { trees }: Runtime,
  { container, image, context, kind }: StartTemplate,
  token: object,
): void {
  const { record } = container;
  const facts = () => startFacts(record, image, { ...context, networkReady: undefined, treesReady: undefined });
  trees.makeNext(kind, image.layers[0], facts, () => pathsIn(record), token);
}
