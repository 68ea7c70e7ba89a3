import { LaunchError } from '../errors/index.ts';
import type { Launched } from '../launch/launch.ts';
import type { ExitOptions, NativeProcess } from '../native/contract.ts';
import { allowRemount } from '../record/layer.ts';
import { withSpareSpace } from '../record/quota.ts';
import type { StoredContainer } from '../record/schema.ts';
import { explaining } from '../store/explain.ts';
import type { ExitStatus } from '../supervise/exit.ts';
import { announceExit, type ExitReport, settleExit } from '../supervise/settle-exit.ts';
import type { StdioPipes } from '../supervise/stdio-pipes.ts';
import type { Laps } from '../trace/laps.ts';
import type { CreatedContainer } from './create.ts';
import { undoContainer } from './create.ts';
import { type LaunchedContainer, launchContainer, type StartRequest } from './launch-container.ts';
import { storedOwn } from './own.ts';
import { prepareStored } from './prepare.ts';
import { isOutdated, whileChanging } from './prepared-containers.ts';
import type { Runtime } from './runtime.ts';
import { unlessRemoved } from './unless-removed.ts';

/** A container whose application runs. */
export interface Started extends Pick<Launched, 'process' | 'times' | 'plan'> {
  readonly stdio: Pick<StdioPipes, 'streams' | 'copies' | 'copied'>;
  readonly laps: Laps;
  /** Resolves when the exit is recorded; with `rm`, when the container is removed. */
  readonly exited: Promise<ExitStatus>;
  /** Resolves with `exited`; has the collected output. */
  readonly exitReport: Promise<ExitReport>;
}

/**
 * Starts the application of a container that was made before.
 *
 * @throws RequestError when the container runs already, is removed by force meanwhile, or something that it needs has
 * gone or changed; ORLOP_E_STORE when there is no space left
 * @throws LaunchError when the kernel refused
 */
export async function startContainer(
  runtime: Runtime,
  container: StoredContainer | CreatedContainer,
  request: StartRequest,
): Promise<Started> {
  const { containers, store } = runtime;
  const { laps } = request;
  runtime.groups.expect(container.record.request);
  const claimed = await containers.claim(container, request.signal);
  laps.lap('claim', 'no other process starts it');
  try {
    const prepared = 'prepared' in container ? container.prepared : null;
    const launched = await withSpareSpace(store, claimed, () =>
      unlessRemoved(runtime, claimed, () => launchClaimed(runtime, { ...claimed, prepared }, request)),
    );
    const { process, removes } = launched;
    const { id } = claimed.record;
    const exitReport = settleExit(runtime, () => running(claimed, process), { id, removes, finished: launched.ended });
    return { ...launched, laps, exitReport, exited: announceExit(id, exitReport) };
  } catch (error) {
    // The caller gets the first error. The next command removes what is left.
    await giveUp(runtime, claimed).catch(() => {});
    containers.gone(claimed.record.id);
    return explaining(store)(error);
  }
}

interface Claimed extends StoredContainer {
  readonly prepared: CreatedContainer['prepared'] | null;
}

/** Launches a claimed container. If a check fails, its record is resolved again. */
async function launchClaimed(runtime: Runtime, claimed: Claimed, request: StartRequest): Promise<LaunchedContainer> {
  const { prepared, record, durability } = claimed;
  const { laps } = request;
  const resolve = () => prepareStored(runtime, claimed, request);
  const subject = {
    own: storedOwn(claimed),
    limits: record.request.limits,
    root: prepared?.root ?? null,
    layer: record.layer,
    onExit: exitOptionsOf(claimed, request),
  };
  try {
    const start = prepared?.start ?? (await resolve());
    return await launchContainer(runtime, { ...subject, start }, request);
  } catch (error) {
    if (!isOutdated(error) && !(durability === 'ephemeral' && wasMountedBefore(error))) throw error;
    laps.lap('refused', 'something is not as it was resolved');
    if (prepared !== null) runtime.prepared.forget(prepared);
    await allowRemount(runtime.store, record.layer);
    return whileChanging(async () => launchContainer(runtime, { ...subject, start: await resolve() }, request));
  }
}

/** True if the kernel refused the layer because it was mounted `volatile` before. */
function wasMountedBefore(error: unknown): boolean {
  return error instanceof LaunchError && error.step === 'overlay' && error.code === 'EINVAL';
}

/**
 * Tells what the launcher's threads do until the application's exit. Undefined if there is no output to collect and no
 * batch of changes removes the container: the caller then waits for the process itself.
 */
function exitOptionsOf({ record, durability }: StoredContainer, { collect }: StartRequest): ExitOptions | undefined {
  const removes = record.request.rm && durability === 'ephemeral' && record.request.pid !== 'host';
  if (!removes && collect === undefined) return undefined;
  return { collect: collect !== undefined, reportWithExit: false, limit: collect ?? 0 };
}

/** Gives the container with the state that the launcher thread has recorded. */
export function running(container: StoredContainer, { pid, startTime }: NativeProcess): StoredContainer {
  return { ...container, state: { ...container.state, status: 'running', pid, startTime } };
}

async function giveUp(runtime: Runtime, container: StoredContainer): Promise<void> {
  const removed = container.record.request.rm && container.durability === 'ephemeral';
  if (removed) await undoContainer(runtime, container);
  else await runtime.containers.refused(container);
}
