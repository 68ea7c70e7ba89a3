import type { ResolvedImage } from '../images/types.ts';
import { features } from '../launch/features.ts';
import type { LaunchOptions, NativeTemplate } from '../native/contract.ts';
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
import { treesKind } from './ready-trees.ts';
import type { ContainerRecord, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { areDirect } from './sources.ts';

/** A run that went well, and all that is known of the next one of the same request. */
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
  readonly collect: number;
}

/** What runs of one request have in common: all but the ID, the name and the times. */
export interface RunTemplate {
  readonly native: NativeTemplate;
  readonly store: Store;
  readonly collect: number;
  /** Of the trees that it takes, and their names. */
  readonly kind: string;
  readonly trees: StartContext['treesReady'];
  /** Whether it takes a network namespace that lies ready. */
  readonly network: boolean;
  /** Where layers lie ready, and where they are put when they are to go. */
  readonly shelf: string;
  readonly trash: string;
  readonly image: ResolvedImage;
  readonly context: StartContext;
  readonly container: StoredContainer;
}

const known = new WeakMap<RunRequest, RunTemplate>();

/** That of a request, if a run of it was learned from. */
export function runTemplate(request: RunRequest): RunTemplate | undefined {
  return known.get(request);
}

/** Something has turned out to be no longer so. */
export function forgetRun(request: RunRequest): void {
  known.delete(request);
}

/** Keeps what the next run of the request can go by; nothing where that has to look for itself. */
export function learnRun(runtime: Runtime, start: FinishedStart): void {
  const { container, context, collect, image } = start;
  const { record } = container;
  const { layers, native, store } = runtime;
  const [shelf, trash] = [layers.shelf, store.trashPlace(place)];
  if (shelf === null || trash === null || isLearned(start, { store, shelf, trash })) return;
  const options = launchOptions(runtime, start);
  if (options === null) return;
  known.set(record.request, {
    native: native.launchTemplate(start.plan, options, Object.values(blanksOf(record))),
    store,
    collect,
    kind: treesKind(record.request, image),
    trees: context.treesReady,
    network: context.networkReady === true,
    shelf,
    trash,
    image,
    context,
    container,
  });
}

/** Whether there is a template already. Where many run at once, what lies ready is not enough for all of them. */
function isLearned(
  { container, collect, image }: FinishedStart,
  { store, shelf, trash }: Pick<RunTemplate, 'store' | 'shelf' | 'trash'>,
): boolean {
  const before = known.get(container.record.request);
  if (before === undefined || before.store !== store || before.collect !== collect) return false;
  return before.image === image && before.shelf === shelf && before.trash === trash;
}

/** A name in the trash that only serves to see whether that is the same. */
export const place = 'place';

/** What is another text in each run. The launch fills them in, in this order: the ID comes before its first digits. */
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

/** The values for them, for one run. */
export function valuesFor(id: string, name: string, time: string): readonly string[] {
  return Object.values({ id, short: id.slice(0, 12), name, created: time, started: time } satisfies Blanks);
}

/** Null where the run is not one that can be repeated without a look. */
function launchOptions(runtime: Runtime, start: FinishedStart): LaunchOptions | null {
  const { native, store, layers, images } = runtime;
  const { container, context, image, supplies, collect } = start;
  const { record, state, found } = container;
  const { owner } = state;
  const end = endChanges(store, container);
  const evidence = images.unchanged(record.request.image, image);
  const etc = etcEvidence(context.files);
  if (owner === null || end === null || evidence === null || etc === null || layers.shelf === null) return null;
  if (found === undefined || !areDirect(found.sources, record.request.mounts)) return null;
  if (context.treesReady === undefined || (record.request.network === 'none' && context.networkReady !== true))
    return null;
  // It may say something else when it has been written to.
  if (typeof record.request.security.seccomp === 'object') return null;
  const blank = blanksOf(record);
  const described = { ...record, name: blank.name, created: blank.created };
  return {
    descriptors: supplies,
    features: features(native),
    before: [
      ...evidence,
      ...etc,
      ...newRecordChanges(store, described, state, owner),
      ...placementFrom(store, layers.shelf, record.id),
    ],
    record: startRecord(store, record.id, { ...startedState(state), startedAt: blank.started }),
    // Nobody waits for the news of the start alone: the lock on the image goes with the list before the clone.
    finish: { collect: true, quiet: true, limit: collect, ...end },
  };
}

/** The record of another run of it. */
export function recordLike({ container }: RunTemplate, id: string, name: string, created: string): ContainerRecord {
  const { record } = container;
  const text = JSON.stringify(record).replaceAll(record.id, id).replaceAll(record.id.slice(0, 12), id.slice(0, 12));
  return { ...(JSON.parse(text) as ContainerRecord), request: record.request, name, created };
}

/** The plan that another run of it was launched with. */
export function planLike({ image, context, store }: RunTemplate, record: ContainerRecord): Plan {
  const paths = layerPaths(store, record.layer);
  const files = new EtcFiles(record.hostname, context.files.host);
  return buildPlan(startFacts(record, image, { ...context, paths, files }));
}
