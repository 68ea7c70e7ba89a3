import { RequestError } from '../../errors/index.ts';
import type { Launched } from '../../launch/launch.ts';
import { sigkill } from '../../linux/signals.ts';
import type { EncodedPlan } from '../../plan/encoded.ts';
import type { RunRequest } from '../../request/types.ts';
import { newId } from '../../store/id.ts';
import { type OpenStdio, openStdio, type StdioRequest } from '../../supervise/stdio.ts';
import type { Laps } from '../../trace/laps.ts';
import { exitOf, followEnd } from '../end.ts';
import { processOf } from '../process.ts';
import type { ContainerRecord, VolumeUse } from '../record.ts';
import type { Runtime } from '../runtime.ts';
import type { ResolvedSource } from '../sources.ts';
import type { Started } from '../start.ts';
import { ImageView } from '../view.ts';
import { volumeNeeds } from '../volume-needs.ts';
import { dropMember, type Member, remainingConfig, requireDone } from './member.ts';
import { checkTargets } from './targets.ts';
import type { PoolUsers } from './users.ts';
import type { PoolVolumes } from './volumes.ts';

/** What a request asks of a member: its own mounts, and the rest merged with the pool's defaults. */
export interface ApplicationRequest {
  readonly request: RunRequest;
  /** What stands at the sources of its bind mounts, by target. */
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  readonly stdio: StdioRequest;
  readonly signal?: AbortSignal | undefined;
  readonly laps: Laps;
  /** See `StartRequest`. */
  readonly collect?: number | undefined;
}

/** What requests to a pool have found out, for those after them. */
export interface Known {
  readonly volumes: PoolVolumes;
  readonly users: PoolUsers;
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
    const { process, times, plan, stdio } = launched;
    const recorded = await recordStart(runtime, member, launched);
    const outputs = request.collect === undefined ? [] : stdio.takeOutputs();
    const ended = followEnd(runtime, recorded, launched, { outputs, limit: request.collect ?? 0 });
    return { process, times, plan, stdio, laps: request.laps, ended, exited: exitOf(recorded, ended) };
  } catch (error) {
    // What went wrong first is what the caller has to know; what is left behind, the next command finds.
    await dropMember(runtime, member).catch(() => {});
    throw error;
  }
}

interface InMember extends Launched {
  readonly plan: EncodedPlan;
  readonly stdio: OpenStdio;
  readonly record: ContainerRecord;
}

async function launchInMember(
  runtime: Runtime,
  known: Known,
  member: Member,
  request: ApplicationRequest,
): Promise<InMember> {
  const { native } = runtime;
  const { signal, laps } = request;
  const { plan, record } =
    planAtOnce(known, member, request) ?? (await planApplication(runtime, known, member, request));
  laps.lap('plan', 'the operations, as bytes');
  const stdio = openStdio(native, request.stdio);
  laps.lap('streams', 'standard streams of the application');
  const cancel = () => native.kill(member.process, sigkill);
  try {
    const answered = native.becomeApplication(member.native, plan.bytes, stdio.descriptors, member.features);
    // Not before: it takes as long as a small file system call, and the start goes on meanwhile.
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    const answer = await answered;
    if (answer.failure === null && answer.gone && signal?.aborted) throw aborted(signal);
    requireDone(plan, answer);
    laps.launched(answer.times);
    return { process: member.process, times: answer.times, plan, stdio, record };
  } catch (error) {
    stdio.abandon();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    stdio.closeChildEnds();
  }
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
  { request, sources, signal, laps }: ApplicationRequest,
): Promise<Planned> {
  const waiting = container.record;
  const { mounts } = request;
  checkTargets(waiting, mounts);
  await using view = ImageView.ofImage(runtime.native, image);
  const user = await known.users.resolve(request.user ?? image.config.user, image, view);
  const process = processOf(request, image.config, user, waiting.hostname);
  laps.lap('user', 'of the image; the process');
  const needs = volumeNeeds(request, remainingConfig(image.config), newId);
  const uses = needs.map(({ nocopy: _, ...use }) => use);
  const record = recordOf(waiting, request, { process, uses });
  // An anonymous volume is only found again by its container's record.
  if (needs.some((need) => need.anonymous)) await runtime.containers.describeAnew(container, record);
  const bound = await known.volumes.bind(needs, { container: record.id, image, view, owner: user, signal });
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
  checkTargets(waiting, mounts);
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
    volumes: [...waiting.volumes, ...uses],
  };
}

/** An application that is on no record must not run: nobody would find it. */
async function recordStart({ containers, native }: Runtime, member: Member, { record, stdio }: InMember) {
  try {
    return await containers.becomes(member.container, record);
  } catch (error) {
    native.kill(member.process, sigkill);
    await native.wait(member.process).catch(() => {});
    stdio.abandon();
    throw error;
  }
}

function aborted(signal: AbortSignal): RequestError {
  return new RequestError('ORLOP_E_ABORTED', 'the start was ended by its AbortSignal', { cause: signal.reason });
}
