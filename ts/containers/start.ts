import { LaunchError, RequestError } from '../errors/index.ts';
import type { ResolvedImage } from '../images/types.ts';
import { type Launched, launch } from '../launch/launch.ts';
import { sigkill } from '../linux/signals.ts';
import type { Finished, Native, NativeProcess } from '../native/contract.ts';
import type { EncodedPlan } from '../plan/encoded.ts';
import type { OpName } from '../plan/ops.ts';
import { explainingNoSpace } from '../store/no-space.ts';
import { type ExitStatus, exitStatus } from '../supervise/exit.ts';
import { type OpenStdio, openStdio, type StdioRequest } from '../supervise/stdio.ts';
import type { Laps } from '../trace/laps.ts';
import { endChanges, startedState, startRecord } from './ephemeral.ts';
import { etcFiles } from './etc-files.ts';
import { type StartContext, startFacts } from './facts.ts';
import { allowRemount, layerPaths } from './layer.ts';
import { hardNofile, thermalPaths } from './limits.ts';
import { mayHang } from './may-hang.ts';
import { setOwnEnd } from './own.ts';
import { pathsIn, treesKind } from './ready-trees.ts';
import type { ContainerRecord, Ending, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { seccompFilter } from './seccomp.ts';
import { areDirect, forgetSources, resolveSources, resolveVolumes } from './sources.ts';
import { startPlan } from './start-plan.ts';

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
  readonly stdio: OpenStdio;
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
  const { laps } = request;
  const claimed = await runtime.containers.claim(container);
  laps.lap('claim', 'nobody else starts it');
  try {
    const launched = await launchAsFound(runtime, claimed, request);
    const recorded = await recordStart(runtime, claimed, launched).catch(abandoning(launched.stdio));
    laps.lap('record', 'that it runs');
    const outputs = request.collect === undefined ? [] : launched.stdio.takeOutputs();
    const ended = followEnd(runtime, recorded, launched, { rm: request.rm, outputs, limit: request.collect ?? 0 });
    return { ...launched, laps, ended, exited: exitOf(recorded, ended) };
  } catch (error) {
    // What went wrong first is what the caller has to know; what is left behind, the next command finds.
    await giveUp(runtime, claimed, request.rm).catch(() => {});
    runtime.containers.gone(claimed);
    return explainingNoSpace(runtime.store)(error);
  }
}

/** The end as those are told who only ask for that. */
export function exitOf({ record }: StoredContainer, ended: Promise<Ended>): Promise<ExitStatus> {
  const exited = ended.then(({ status }) => status);
  setOwnEnd(record.id, exited);
  return exited;
}

interface InContainer extends Launched {
  readonly plan: EncodedPlan;
  readonly stdio: OpenStdio;
  /** As the launching thread has recorded it; null when that is still to be done. */
  readonly recorded: StoredContainer | null;
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

async function launchClaimed(
  runtime: Runtime,
  claimed: StoredContainer,
  { stdio: streams, signal, laps }: StartRequest,
): Promise<InContainer> {
  const { native, store } = runtime;
  const { record, durability, pending } = claimed;
  const stdio = openStdio(native, streams);
  const ahead = takeAhead(runtime, claimed);
  laps.lap('streams', 'standard streams of the application');
  try {
    const { plan, makeNext } = await planStart(runtime, claimed, ahead, laps);
    const state = startedState(claimed.state);
    const written = durability === 'durable' ? undefined : startRecord(store, record.id, state);
    const descriptors = [...stdio.descriptors, ...ahead.descriptors];
    const launched = await launch(native, { plan, descriptors, signal, before: pending, record: written });
    laps.launched(launched.times);
    makeNext();
    const { pid, startTime } = launched.process;
    const recorded = written === undefined ? null : { ...claimed, state: { ...state, pid, startTime } };
    return { ...launched, plan, stdio, recorded };
  } catch (error) {
    stdio.abandon();
    throw error;
  } finally {
    stdio.closeChildEnds();
    for (const descriptor of ahead.descriptors) native.closeSync(descriptor);
  }
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
  { process, recorded }: InContainer,
): Promise<StoredContainer> {
  if (recorded !== null) return recorded;
  try {
    return await containers.started(claimed, process);
  } catch (error) {
    native.kill(process, sigkill);
    await native.wait(process).catch(() => {});
    throw error;
  }
}

/** For a start of which the caller gets no streams, that would close these. */
function abandoning(stdio: OpenStdio): (error: unknown) => never {
  return (error) => {
    stdio.abandon();
    throw error;
  };
}

/** The plan of a container's start as things stand now, and what is to be made for the next one like it. */
async function planStart(
  runtime: Runtime,
  container: StoredContainer,
  { networkReady, treesReady }: Ahead,
  laps: Laps,
): Promise<{ readonly plan: EncodedPlan; readonly makeNext: () => void }> {
  const { strategies, trees } = runtime;
  const { record, durability } = container;
  const { image, context } = await startContext(runtime, container);
  const sources = [...context.sources.values(), ...context.volumes.values()];
  const strategy = await strategies.choose(await mayHang(sources));
  laps.lap('resolve', 'image, layers, sources, volumes, settings');
  const plan = startPlan(record, image, { ...context, networkReady, treesReady, strategy });
  laps.lap('plan', 'the operations, as bytes');
  const makeNext = () => {
    strategies.startMade();
    if (durability !== 'ephemeral' || strategy !== 'opener') return;
    const kind = treesKind(record.request, image);
    const facts = () => startFacts(record, image, context);
    trees.makeNext(kind, image.layers[0], facts, () => pathsIn(record));
  };
  return { plan, makeNext };
}

/** What a start of the container needs to know, as things stand now. */
export async function startContext(
  { store, images }: Runtime,
  { record, durability, found }: StoredContainer,
): Promise<{ readonly image: ResolvedImage; readonly context: StartContext }> {
  const image = found?.image ?? (await images.resolve(record.image.id));
  const { mounts } = record.request;
  const sources = found && areDirect(found.sources, mounts) ? found.sources : await resolveSources(store, mounts);
  const volumes = resolveVolumes(
    store,
    record.volumes.map((use) => use.name),
  );
  const settings = await settingsOf(store, record);
  // Nobody reads the layer of an ephemeral container after a power cut: its unmount need not sync the host's disk.
  return { image, context: { ...settings, sources, volumes, volatile: durability === 'ephemeral' } };
}

/** The part of it that the record and the machine decide, whether the container is there or only planned. */
export async function settingsOf(
  store: Runtime['store'],
  record: ContainerRecord,
): Promise<Omit<StartContext, 'sources' | 'volumes' | 'volatile'>> {
  return {
    paths: layerPaths(store, record.layer),
    files: etcFiles(record.hostname, record.request.network),
    seccomp: await seccompFilter(record.request),
    maskedPaths: await thermalPaths(),
    hardNofile: hardNofile(),
  };
}

export interface EndRequest {
  readonly rm: boolean;
  /** Pipes to collect, and the most bytes of each. */
  readonly outputs: readonly number[];
  readonly limit: number;
}

/** How an application ended, and what was collected of its outputs. */
export interface Ended extends Pick<Finished, 'outputs' | 'overflow'> {
  readonly status: ExitStatus;
}

/** Waits for the end, records it, and removes what is to go with it. */
export async function followEnd(
  { containers, native, store }: Runtime,
  container: StoredContainer,
  { process }: Pick<Launched, 'process'>,
  { rm, outputs, limit }: EndRequest,
): Promise<Ended> {
  const settle = async (ending: Ending) => {
    if (rm && container.durability === 'ephemeral') return containers.removeEnded(container, ending);
    await containers.exited(container, ending);
    if (rm) await containers.remove(container.record.id, { volumes: true }).catch(ignoreGone);
  };
  const { changes, later } = (rm ? endChanges(store, container) : null) ?? { changes: [], later: [] };
  let finished: Finished;
  try {
    finished = await finish(native, process, { outputs, limit, changes, later });
  } catch (error) {
    await settle({ exitCode: null, signal: null });
    throw error;
  }
  const status = exitStatus(finished.exit);
  // What could not be done as a list, because others wait for the end or remove it as well, is done step by step.
  if (changes.length === 0 || finished.failure !== null) await settle(status).catch(explainingNoSpace(store));
  else containers.gone(container);
  return { ...finished, status };
}

/** A command has nobody to hear of its application but itself: it needs no thread that sees to the rest. */
async function finish(
  native: Native,
  process: NativeProcess,
  request: Parameters<Native['finish']>[1],
): Promise<Finished> {
  if (request.outputs.length > 0 || request.changes.length > 0) return native.finish(process, request);
  return { exit: await native.wait(process), outputs: [], overflow: null, failure: null };
}

/** Another program may have removed it by force, which was its end. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof RequestError && error.code === 'ORLOP_E_NO_CONTAINER')) throw error;
}

async function giveUp({ containers }: Runtime, container: StoredContainer, rm: boolean): Promise<void> {
  if (rm) await containers.remove(container.record.id, { force: true, volumes: true });
  else await containers.refused(container);
}
