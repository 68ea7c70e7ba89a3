import type { ExitOptions } from '../native/contract.ts';
import { fillAll } from '../plan/holes.ts';
import { reserve } from '../record/claims.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import { explaining } from '../store/explain.ts';
import { newId } from '../store/id.ts';
import { announceExit, settleExit } from '../supervise/settle-exit.ts';
import { makeContainer, requireMeans, undoContainer } from './create.ts';
import { launchContainer, type StartRequest } from './launch-container.ts';
import { newOwn, type OwnPart } from './own.ts';
import type { PreparedContainer } from './prepare.ts';
import { withPrepared } from './prepared-containers.ts';
import type { Runtime } from './runtime.ts';
import { running, type Started, startContainer } from './start.ts';

/** A container that was made and started. */
export interface Run extends Started {
  readonly id: string;
  readonly name: string;
}

/**
 * Makes a container and starts it. The launcher thread makes it if a batch of changes is enough.
 *
 * @throws as `createContainer` and `startContainer`
 */
export async function runContainer(runtime: Runtime, request: RunRequest, how: StartRequest): Promise<Run> {
  requireMeans(runtime, request);
  const { signal, laps } = how;
  const durability = request.rm ? 'ephemeral' : 'durable';
  const run = (prepared: PreparedContainer) =>
    isSimple(prepared) ? launchNew(runtime, prepared, request, how) : makeAndStart(runtime, prepared, request, how);
  return withPrepared(runtime, request, { durability, signal, laps }, run).catch(explaining(runtime.store));
}

/** True if a batch of changes is enough. Checking a name, making volumes and claiming a durable container take more. */
function isSimple({ resolved, container }: PreparedContainer): boolean {
  return container.durability === 'ephemeral' && resolved.request.name === null && resolved.volumes.length === 0;
}

async function makeAndStart(
  runtime: Runtime,
  prepared: PreparedContainer,
  request: RunRequest,
  how: StartRequest,
): Promise<Run> {
  const container = await makeContainer(runtime, prepared, request, how);
  how.laps.start();
  const { id, name } = container.record;
  return { ...(await startContainer(runtime, container, how)), id, name };
}

async function launchNew(
  runtime: Runtime,
  prepared: PreparedContainer,
  request: RunRequest,
  how: StartRequest,
): Promise<Run> {
  const { containers, roots } = runtime;
  const { root, start } = prepared;
  const { laps } = how;
  const layer = roots.take(root?.key ?? null);
  const id = layer?.id ?? newId();
  reserve(id);
  laps.start();
  const make = { stagingDirectory: layer?.stagingDirectory ?? null };
  try {
    const own = newOwn(prepared.resolved, request, id);
    const { name } = own;
    const { limits, pid } = request;
    const subject = { start, own, limits, root, layer: id, make, onExit: exitOptionsOf(how, pid) };
    const launched = await launchContainer(runtime, subject, how);
    const { process, removes, ended: finished } = launched;
    const exitReport = settleExit(runtime, () => running(containerOf(prepared, own), process), {
      id,
      removes,
      finished,
    });
    return { ...launched, laps, exitReport, exited: announceExit(id, exitReport), id, name };
  } catch (error) {
    // The caller gets the first error. The next command removes what is left.
    await undoContainer(runtime, { record: { id }, durability: 'ephemeral' }).catch(() => {});
    containers.gone(id);
    throw error;
  } finally {
    if (layer !== null) roots.release(id);
  }
}

/**
 * A run that collects output and has no input reports start and exit together: not if the output may end only with
 * processes that a guard ends after the exit.
 */
function exitOptionsOf({ collect, stdio }: StartRequest, pid: RunRequest['pid']): ExitOptions {
  return {
    collect: collect !== undefined,
    reportWithExit: collect !== undefined && stdio.stdin !== 'pipe' && pid !== 'host',
    limit: collect ?? 0,
  };
}

function containerOf({ container }: PreparedContainer, { values }: OwnPart): StoredContainer {
  return fillAll(container, values);
}
