import { aborted } from '../../launch/abort.ts';
import type { Launched } from '../../launch/launch.ts';
import { sigkill } from '../../linux/signals.ts';
import type { Finished, LaunchOptions } from '../../native/contract.ts';
import type { EncodedPlan } from '../../plan/encoded.ts';
import type { RunRequest } from '../../request/types.ts';
import { newId } from '../../store/id.ts';
import type { StdioRequest } from '../../supervise/stdio.ts';
import { LaunchedStdio, suppliesOf } from '../../supervise/supplies.ts';
import type { Laps } from '../../trace/laps.ts';
import { exitOf, seeToEnd } from '../end.ts';
import { processOf } from '../process.ts';
import type { ContainerRecord, StoredContainer, VolumeUse } from '../record.ts';
import type { Runtime } from '../runtime.ts';
import type { ResolvedSource } from '../sources.ts';
import type { Started } from '../start.ts';
import { ImageView } from '../view.ts';
import { volumeNeeds } from '../volume-needs.ts';
import { dropMember, type Member, remainingConfig, removalOf, requireDone } from './member.ts';
import { checkTargets } from './targets.ts';
import type { PoolUsers } from './users.ts';
import type { PoolVolumes } from './volumes.ts';

/**
 * What ends a request before its time. Whoever waits asks for the signal, and a request that does not wait when its
 * member has been told: it may have to be made.
 */
export interface Ends<Signal = AbortSignal | undefined> {
  readonly signal: Signal;
}

/** What a request asks of a member: its own mounts, and the rest merged with the pool's defaults. */
export interface ApplicationRequest {
  readonly request: RunRequest;
  /** What stands at the sources of its bind mounts, by target. */
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  readonly stdio: StdioRequest;
  readonly ends: Ends;
  readonly laps: Laps;
  /** See `StartRequest`. */
  readonly collect?: number | undefined;
}

/** What requests to a pool have found out, for those after them. */
export interface Known {
  readonly volumes: PoolVolumes;
  readonly users: PoolUsers;
  /** The last application. */
  last: ContainerRecord | null;
}

/**
 * Turns a member into an application. A member whose request failed is gone.
 *
 * @throws RequestError, LaunchError as a start does; MemberGone when the member had ended before
 */
export async function becomeApplication(
  runtime: Runtime,
  known: Known,
  member: Member,
  request: ApplicationRequest,
): Promise<Started> {
  try {
    const launched = await launchInMember(runtime, known, member, request);
    const { process, times, plan, stdio, recorded, listed, finished } = launched;
    const ended = seeToEnd(runtime, recorded, { rm: true, listed, finished });
    return { process, times, plan, stdio, laps: request.laps, ended, exited: exitOf(recorded, ended) };
  } catch (error) {
    // What went wrong first is what the caller has to know; what is left behind, the next command finds.
    await dropMember(runtime, member).catch(() => {});
    throw error;
  }
}

interface InMember extends Launched {
  readonly plan: EncodedPlan;
  readonly stdio: LaunchedStdio;
  readonly recorded: StoredContainer;
  /** Whether it is removed by those who see it to its end. */
  readonly listed: boolean;
  readonly finished: Promise<Finished>;
}

async function launchInMember(
  runtime: Runtime,
  known: Known,
  member: Member,
  request: ApplicationRequest,
): Promise<InMember> {
  const { native } = runtime;
  const { laps } = request;
  checkTargets(member.container.record, request.request.mounts);
  const volumes = member.plans.volumes(request.request.mounts, request.sources);
  // They take a thread as long as the rest takes this one.
  const descriptors = suppliesOf(request.stdio);
  if (volumes !== null) native.openVolumes(member.native, volumes, member.features, descriptors);
  const { plan, record } =
    planAtOnce(known, member, request) ?? (await planApplication(runtime, known, member, request));
  const finish = finishOf(runtime, member, request, record);
  laps.lap('plan', 'the operations, as bytes');
  const answered = native.becomeApplication(member.native, plan.bytes, {
    descriptors,
    features: member.features,
    finish,
  });
  // What follows is done while the application is being started.
  known.last = record;
  const { signal } = request.ends;
  const kill = () => native.kill(member.process, sigkill);
  const recorded = recordNow(runtime, member, record);
  signal?.addEventListener('abort', kill, { once: true });
  // An application that is on no record must not run: nobody would find it.
  if (signal?.aborted || recorded instanceof Error) kill();
  try {
    const answer = await answered;
    if (recorded instanceof Error) {
      for (const pipe of answer.pipes) native.closeSync(pipe);
      throw recorded;
    }
    if (answer.failure === null && answer.gone && signal?.aborted) throw aborted(signal);
    requireDone(plan, answer);
    laps.launched(answer.times, finish.quiet);
    const stdio = new LaunchedStdio(native, descriptors, answer.pipes, finish.collect);
    const { process } = member;
    const finished = answer.ended ?? neverEnding();
    return { process, times: answer.times, plan, stdio, recorded, listed: finish.changes.length > 0, finished };
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/** What the threads of the addon see to at the end of the application. */
function finishOf(
  runtime: Runtime,
  member: Member,
  { stdio, collect }: ApplicationRequest,
  record: ContainerRecord,
): NonNullable<LaunchOptions['finish']> {
  const { changes, later } = removalOf(runtime, member, record);
  const quiet = collect !== undefined && stdio.stdin !== 'pipe';
  return { collect: collect !== undefined, quiet, limit: collect ?? 0, changes, later };
}

/** The error where it could not be recorded. */
function recordNow({ containers }: Runtime, { container }: Member, record: ContainerRecord): StoredContainer | Error {
  try {
    return containers.becomes(container, record);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** It was asked for. */
function neverEnding(): never {
  throw new Error('nobody sees to the end of an application');
}

interface Planned {
  readonly plan: EncodedPlan;
  readonly record: ContainerRecord;
}

/** Finds what the request needs and builds its plan. Nothing here waits for a thread unless it has to. */
async function planApplication(
  runtime: Runtime,
  known: Known,
  { container, image, plans }: Member,
  { request, sources, ends, laps }: ApplicationRequest,
): Promise<Planned> {
  const waiting = container.record;
  const { mounts } = request;
  await using view = ImageView.ofImage(runtime.native, image);
  const user = await known.users.resolve(request.user ?? image.config.user, image, view);
  const process = processOf(request, image.config, user, waiting.hostname);
  laps.lap('user', 'of the image; the process');
  const needs = volumeNeeds(request, remainingConfig(image.config), newId);
  const uses = needs.map(({ nocopy: _, ...use }) => use);
  const record = recordOf(waiting, request, { process, uses });
  // An anonymous volume is only found again by its container's record.
  if (needs.some((need) => need.anonymous)) await runtime.containers.describeAnew(container, record);
  const bound = await known.volumes.bind(needs, {
    container: record.id,
    image,
    view,
    owner: user,
    signal: ends.signal,
  });
  laps.lap('volumes', 'made, or found');
  return { plan: plans.application({ process, mounts, volumes: uses }, { sources, volumes: bound }), record };
}

const none: readonly VolumeUse[] = [];
const unbound: ReadonlyMap<string, ResolvedSource> = new Map();

/** The same, at once, where there is nothing to find; null otherwise. */
function planAtOnce(
  { users }: Known,
  { container, image, plans }: Member,
  { request, sources }: ApplicationRequest,
): Planned | null {
  const user = users.known(request.user ?? image.config.user, image);
  const { mounts } = request;
  if (user === undefined || mounts.some(({ type }) => type !== 'bind')) return null;
  const waiting = container.record;
  const process = processOf(request, image.config, user, waiting.hostname);
  const record = recordOf(waiting, request, { process, uses: none });
  return { plan: plans.application({ process, mounts, volumes: none }, { sources, volumes: unbound }), record };
}

/** Of a container that waits, once it has a request. */
function recordOf(
  waiting: ContainerRecord,
  request: RunRequest,
  { process, uses }: { readonly process: ContainerRecord['process']; readonly uses: readonly VolumeUse[] },
): ContainerRecord {
  return {
    ...waiting,
    request: { ...request, mounts: [...waiting.request.mounts, ...request.mounts] },
    process,
    volumes: uses.length === 0 ? waiting.volumes : [...waiting.volumes, ...uses],
  };
}
