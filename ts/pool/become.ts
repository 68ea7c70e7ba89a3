import type { StartRequest } from '../containers/launch-container.ts';
import { exitAndTakeBack, watch } from '../containers/lent.ts';
import { newOwn } from '../containers/own.ts';
import type { Run } from '../containers/run.ts';
import type { Runtime } from '../containers/runtime.ts';
import { aborted, unlessKilled } from '../launch/abort.ts';
import { closePipes } from '../launch/launch.ts';
import { pathsIn } from '../launch/paths-in.ts';
import { requireRoom } from '../launch/prepared-start.ts';
import { sigkill } from '../linux/signals.ts';
import type { ExitOptions, OrderAnswer } from '../native/contract.ts';
import { explainFailure } from '../plan/failure.ts';
import type { Plan } from '../plan/types.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import type { ResolvedSource } from '../resolve/sources.ts';
import { announceExit, settleExit } from '../supervise/settle-exit.ts';
import { StdioPipes } from '../supervise/stdio-pipes.ts';
import { stdioSources } from '../supervise/stdio-sources.ts';
import { type Application, formOf, processOfApplication, usesOf } from './application.ts';
import type { PoolVolumes } from './volumes.ts';
import { dropWaiting, type WaitingContainer } from './waiting-container.ts';

export interface PoolRun extends Run {
  /** Paths that the start looked up in its root filesystem. */
  readonly paths: readonly string[];
}

/** A request to a waiting container: the mounts are its own, the rest is merged with the pool's defaults. */
export interface BecomeRequest extends StartRequest {
  readonly request: RunRequest;
  readonly application: Application;
  readonly volumes: PoolVolumes;
}

/**
 * Turns a waiting container into an application. If the request fails, the container is removed.
 *
 * @throws RequestError, LaunchError as a start does; WaitingGone when the container's process had exited before
 */
export async function becomeApplication(
  runtime: Runtime,
  waiting: WaitingContainer,
  how: BecomeRequest,
): Promise<PoolRun> {
  try {
    return await launchInto(runtime, waiting, how);
  } catch (error) {
    // The caller gets the first error. The next command removes what is left.
    await dropWaiting(runtime, waiting).catch(() => {});
    throw error;
  }
}

async function launchInto(runtime: Runtime, waiting: WaitingContainer, how: BecomeRequest): Promise<PoolRun> {
  const { native } = runtime;
  const { request, application, stdio, signal, laps } = how;
  const { process, kind } = waiting;
  const { record } = waiting.container;
  const { id, name } = record;
  const { values, command } = newOwn(
    { record, image: kind.prepared.resolved.image, user: application.user },
    request,
    id,
  );
  const described = describe(record, application, request, command);
  const bound = await bindVolumes(runtime, waiting, how, described);
  const form = formOf(runtime, kind, application, bound);
  requireRoom(form, command);
  laps.lap('plan', 'of the request');
  const chosen = stdioSources(stdio);
  const descriptors = chosen.sources;
  const onExit = exitOptionsOf(how);
  const answered = native.becomeApplication(waiting.native, form.native, { values, command, descriptors, onExit });
  // From here on, the application is being started at the same time.
  const kill = () => native.kill(process, sigkill);
  const watching = watch(waiting.lent, record.request.limits, kill);
  const recorded = recordNow(runtime, waiting, described);
  // An application without a record must not run, because no command would find it.
  if (signal?.aborted || recorded instanceof Error) kill();
  try {
    const answer = await unlessKilled(answered, signal, { kill, abandon: () => closePipes(native, answered) });
    if (recorded instanceof Error) {
      for (const pipe of answer.pipes) native.closeSync(pipe);
      throw recorded;
    }
    if (answer.failure === null && answer.gone && signal?.aborted) throw aborted(signal);
    const plan = () => form.planOf(values, command);
    requireDone(plan, answer);
    laps.launched(answer.times, onExit.reportWithExit);
    const streams = new StdioPipes(native, chosen, answer.pipes, onExit.collect);
    const { ended } = answer;
    const finished = exitAndTakeBack(runtime, waiting.lent, { ended, process, watch: watching });
    const paths = pathsIn({ mounts: request.mounts, process: { cwd: application.cwd } }, command);
    const exitReport = settleExit(runtime, () => recorded, { id, removes: form.removes, finished });
    return {
      process,
      times: answer.times,
      plan,
      stdio: streams,
      laps,
      exitReport,
      exited: announceExit(id, exitReport),
      id,
      name,
      paths,
    };
  } catch (error) {
    watching.stop();
    throw watching.explain(error);
  }
}

/** A request that collects output and has no input reports start and exit together. */
function exitOptionsOf({ stdio, collect }: StartRequest): ExitOptions {
  return {
    collect: collect !== undefined,
    reportWithExit: collect !== undefined && stdio.stdin !== 'pipe',
    limit: collect ?? 0,
  };
}

/** The record of a waiting container that gets a request. */
function describe(
  waiting: ContainerRecord,
  application: Application,
  request: RunRequest,
  command: Pick<ContainerRecord['process'], 'argv' | 'env'>,
): ContainerRecord {
  return {
    ...waiting,
    request: { ...request, mounts: [...waiting.request.mounts, ...request.mounts], rm: true },
    process: processOfApplication(application, command),
    volumes: [...waiting.volumes, ...usesOf(application)],
  };
}

const unbound: ReadonlyMap<string, ResolvedSource> = new Map();

async function bindVolumes(
  { containers }: Runtime,
  { container, kind }: WaitingContainer,
  { application, volumes, signal, laps }: BecomeRequest,
  described: ContainerRecord,
): Promise<ReadonlyMap<string, ResolvedSource>> {
  const { needs, user } = application;
  if (needs.length === 0) return unbound;
  // Only its container's record leads to an anonymous volume.
  if (needs.some((need) => need.anonymous)) await containers.describeAnew(container, described);
  const { image } = kind.prepared.resolved;
  const bound = await volumes.bind(needs, { container: described.id, image, owner: user, signal });
  laps.lap('volumes', 'made, or found');
  return bound;
}

/** Records the application; gives the error if that fails. */
function recordNow(
  { containers }: Runtime,
  { container }: WaitingContainer,
  record: ContainerRecord,
): StoredContainer | Error {
  try {
    return containers.becomes(container, record);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The waiting container's process exited without a report, for which the request is not to blame. */
export class WaitingGone extends Error {
  override readonly name = 'WaitingGone';
}

/** @throws LaunchError, WaitingGone */
function requireDone(plan: () => Plan, answer: OrderAnswer): void {
  if (answer.failure !== null) throw explainFailure(plan(), answer.failure);
  if (answer.gone) throw new WaitingGone();
}
