import { LaunchError } from '../errors/index.ts';
import { type Launched, type LaunchedHere, launch } from '../launch/launch.ts';
import { inNextTurn } from '../launch/next-turn.ts';
import { sigkill } from '../linux/signals.ts';
import type { Finished, LaunchOptions, Native, NativeProcess } from '../native/contract.ts';
import type { EncodedPlan } from '../plan/encoded.ts';
import type { OpName } from '../plan/ops.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import type { ExitStatus } from '../supervise/exit.ts';
import type { StdioRequest } from '../supervise/stdio.ts';
import type { StdioStreams } from '../supervise/streams.ts';
import { LaunchedStdio, suppliesOf } from '../supervise/supplies.ts';
import type { Laps } from '../trace/laps.ts';
import { changesAtEnd, type Ended, exitOf, seeToEnd } from './end.ts';
import { startedState, startRecord } from './ephemeral.ts';
import { type StartContext, startFacts } from './facts.ts';
import { allowRemount } from './layer.ts';
import { mayHang } from './may-hang.ts';
import { pathsIn, treesKind } from './ready-trees.ts';
import type { StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { forgetSources } from './sources.ts';
import { type AtHand, isOutdated, startAgain, startBefore } from './start-again.ts';
import { startContext } from './start-context.ts';
import { startPlan } from './start-plan.ts';
import { type FinishedStart, forgetStarts, learnStart, makeNextLike, type StartTemplate } from './start-template.ts';

export interface StartRequest {
  readonly stdio: StdioRequest;
  readonly signal?: AbortSignal | undefined;
  /** Remove the container and its anonymous volumes once it has ended. */
  readonly rm: boolean;
  /** Times what the start does. */
  readonly laps: Laps;
  /** Collect what it writes to stdout and stderr, up to so many bytes of each, instead of giving streams of them. */
  readonly collect?: number | undefined;
}

/** A container whose application runs. */
export interface Started extends Launched {
  readonly plan: EncodedPlan;
  readonly stdio: { streams(): Promise<StdioStreams> };
  readonly laps: Laps;
  /** Resolves when the end is recorded; with `rm`, when all is removed. */
  readonly exited: Promise<ExitStatus>;
  /** The same, with what was collected. */
  readonly ended: Promise<Ended>;
}

/**
 * Starts the application of a container: resolves what it needs now, builds the plan, launches it, records it.
 *
 * @throws RequestError when something that the container needs has gone or changed, or it runs already,
 * ORLOP_E_STORE when there is no space left
 * @throws LaunchError when the kernel refused
 */
export async function startContainer(
  runtime: Runtime,
  container: StoredContainer,
  request: StartRequest,
): Promise<Started> {
  const { laps, rm } = request;
  const claimed = await runtime.containers.claim(container);
  laps.lap('claim', 'nobody else starts it');
  try {
    const launched = await launchAsFound(runtime, claimed, request);
    const recorded = launched.recorded ?? (await recordStart(runtime, claimed, launched, laps));
    const { listed } = launched;
    const finished = launched.ended ?? endOnly(runtime.native, launched.process);
    const ended = seeToEnd(runtime, recorded, { rm, listed, finished });
    return { ...launched, laps, ended, exited: exitOf(recorded, ended) };
  } catch (error) {
    // What went wrong first is what the caller has to know; what is left behind, the next command finds.
    await giveUp(runtime, claimed, request.rm).catch(() => {});
    runtime.containers.gone(claimed.record.id);
    return explainingNoSpace(runtime.store)(error);
  }
}

interface InContainer extends LaunchedHere {
  readonly plan: EncodedPlan;
  readonly stdio: LaunchedStdio;
  /** As the launching thread has recorded it; null when that is still to be done. */
  readonly recorded: StoredContainer | null;
  /** Whether it is removed by those who see it to its end. */
  readonly listed: boolean;
}

/**
 * Launches it with what was found when it was made. The sources of bind mounts are compared when they are opened; where
 * one has been replaced since, the start looks again and goes by what stands there now. The same for a read-write layer
 * that an earlier start has mounted.
 */
async function launchAsFound(runtime: Runtime, claimed: StoredContainer, request: StartRequest): Promise<InContainer> {
  try {
    return await launchClaimed(runtime, claimed, request);
  } catch (error) {
    const { durability, found } = claimed;
    const outdated = isStep(error, 'bind') && found !== undefined;
    const mountedBefore = isStep(error, 'overlay') && error.code === 'EINVAL' && durability === 'ephemeral';
    if (!outdated && !mountedBefore) throw error;
    request.laps.lap('refused', outdated ? 'a source has been replaced' : 'the layer was mounted before');
    forgetSources(runtime.store, claimed.record.request.mounts);
    await allowRemount(runtime.store, claimed.record.layer);
    return launchClaimed(runtime, { ...claimed, found: undefined, pending: undefined }, request);
  }
}

function isStep(error: unknown, step: OpName): error is LaunchError {
  return error instanceof LaunchError && error.step === step;
}

async function launchClaimed(runtime: Runtime, claimed: StoredContainer, request: StartRequest): Promise<InContainer> {
  const { native, store } = runtime;
  const { record, durability, pending } = claimed;
  const { signal, laps, collect } = request;
  const supplies = suppliesOf(request.stdio);
  const ahead = takeAhead(runtime, claimed);
  const before = startBefore(runtime, claimed, request, { ...ahead, supplies });
  if (before !== null) return launchAgain(runtime, claimed, request, before, { ...ahead, supplies });
  const { plan, next } = await planStart(runtime, claimed, ahead, request).catch((error: unknown) => {
    for (const descriptor of ahead.descriptors) native.closeSync(descriptor);
    throw error;
  });
  const state = startedState(claimed.state);
  const written = durability === 'durable' ? undefined : startRecord(store, record.id, state);
  const finish = finishOf(runtime, claimed, request);
  const token = {};
  const launching = launch(native, {
    plan,
    descriptors: supplies,
    given: ahead.descriptors,
    signal,
    before: pending,
    record: written,
    finish,
    token,
  });
  if (next !== null) inNextTurn(next.make, token);
  const launched = await launching;
  if (next !== null) learnFrom(runtime, claimed, request, { ...next, plan: plan.bytes, supplies });
  laps.launched(launched.times);
  runtime.strategies.startMade();
  const stdio = new LaunchedStdio(native, supplies, launched.pipes, collect !== undefined);
  const { pid, startTime } = launched.process;
  const recorded = written === undefined ? null : { ...claimed, state: { ...state, pid, startTime } };
  return { ...launched, plan, stdio, recorded, listed: (finish?.changes.length ?? 0) > 0 };
}

/** The same by a start before it, as long as all is as it was. */
async function launchAgain(
  runtime: Runtime,
  claimed: StoredContainer,
  request: StartRequest,
  like: StartTemplate,
  { descriptors, supplies }: AtHand,
): Promise<InContainer> {
  const { laps, collect } = request;
  laps.lap('again', 'as a start of the same before');
  const token = {};
  const launching = startAgain(runtime, claimed, request, like, { descriptors, token });
  inNextTurn(() => makeNextLike(runtime, like, token), undefined);
  try {
    const { state, ...launched } = await launching;
    laps.launched(launched.times);
    const stdio = new LaunchedStdio(runtime.native, supplies, launched.pipes, collect !== undefined);
    return { ...launched, stdio, recorded: { ...claimed, state }, listed: true };
  } catch (error) {
    forgetStarts(claimed.record.request);
    if (!isOutdated(error)) throw error;
    laps.lap('refused', 'something is not as it was');
    await allowRemount(runtime.store, claimed.record.layer);
    return launchClaimed(runtime, claimed, request);
  }
}

/**
 * Has the next start of the same request go by this one. One that collects tells of its start only with its end, which
 * nobody can wait with who is to write to it.
 */
function learnFrom(
  runtime: Runtime,
  container: StoredContainer,
  { collect, rm, stdio }: StartRequest,
  start: Omit<FinishedStart, 'container' | 'collect'>,
): void {
  const quiet = collect !== undefined;
  // A descriptor of the caller is another file the next time.
  if (start.supplies.some((supplied) => supplied >= 0)) return;
  if (!rm || quiet !== (container.pending !== undefined) || (quiet && stdio.stdin !== 'ignore')) return;
  inNextTurn(
    (finished) => {
      try {
        learnStart(runtime, finished);
      } catch {
        // The next start looks for itself then, and says what is wrong.
      }
    },
    { ...start, container, collect },
  );
}

/**
 * What the threads of the launcher see to at the end of the application; nothing where that would be waiting alone: a
 * command has nobody to hear of its application but itself, and needs no thread that sees to the rest.
 */
function finishOf(runtime: Runtime, claimed: StoredContainer, { rm, collect }: StartRequest): LaunchOptions['finish'] {
  const { changes, later } = changesAtEnd(runtime, claimed, rm);
  if (changes.length === 0 && collect === undefined) return undefined;
  // Told of at once: until then, the caller keeps the image from being removed, and others from adding or naming one.
  return { collect: collect !== undefined, quiet: false, limit: collect ?? 0, changes, later };
}

async function endOnly(native: Native, process: NativeProcess): Promise<Finished> {
  return { exit: await native.wait(process), outputs: [], overflow: null, failure: null };
}

/** What lies ready for a start: descriptors in the order in which its plan has them supplied, behind the streams. */
interface Ahead extends Pick<StartContext, 'networkReady' | 'treesReady'> {
  readonly descriptors: readonly number[];
}

function takeAhead({ networks, trees, strategies }: Runtime, { record }: StoredContainer): Ahead {
  const network = record.request.network === 'none' && strategies.ahead ? networks.take() : null;
  const ready = trees.take(record.layer);
  return {
    networkReady: network !== null,
    treesReady: ready?.names,
    descriptors: [...(network === null ? [] : [network]), ...(ready?.descriptors ?? [])],
  };
}

/** An application that is on no record must not run: nobody would find it. */
async function recordStart(
  { containers, native }: Runtime,
  claimed: StoredContainer,
  { process, stdio }: InContainer,
  laps: Laps,
): Promise<StoredContainer> {
  try {
    const recorded = await containers.started(claimed, process);
    laps.lap('record', 'that it runs');
    return recorded;
  } catch (error) {
    native.kill(process, sigkill);
    await native.wait(process).catch(() => {});
    stdio.abandon();
    throw error;
  }
}

interface StartPlan {
  readonly plan: EncodedPlan;
  /** Of a start like it that comes next; null where nothing is made ahead. */
  readonly next: Next | null;
}

interface Next extends Pick<FinishedStart, 'image' | 'context'> {
  /** Has made what it takes, after the launch of the token. */
  make(launch: object): void;
}

/** The plan of a container's start as things stand now. */
async function planStart(
  runtime: Runtime,
  container: StoredContainer,
  { networkReady, treesReady }: Ahead,
  { laps, signal }: Pick<StartRequest, 'laps' | 'signal'>,
): Promise<StartPlan> {
  const { native, strategies, trees } = runtime;
  const { record, durability } = container;
  const { image, context } = await startContext(runtime, container, signal);
  const sources = [...context.sources.values(), ...context.volumes.values()];
  const strategy = await strategies.choose(await mayHang(sources));
  laps.lap('resolve', 'image, layers, sources, volumes, settings');
  const facts = { ...context, networkReady, treesReady, strategy };
  const plan = startPlan(record, image, facts, native.worksAtOnce());
  laps.lap('plan', 'the operations, as bytes');
  if (durability !== 'ephemeral' || strategy !== 'opener') return { plan, next: null };
  const make = (launch: object) => {
    const kind = treesKind(record.request, image);
    const facts = () => startFacts(record, image, context);
    trees.makeNext(kind, image.layers[0], facts, () => pathsIn(record), launch);
  };
  return { plan, next: { make, image, context: facts } };
}

async function giveUp({ containers }: Runtime, container: StoredContainer, rm: boolean): Promise<void> {
  if (rm) await containers.undo(container.record.id);
  else await containers.refused(container);
}
