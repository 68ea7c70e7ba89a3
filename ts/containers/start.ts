import { type Launched, launch } from '../launch/launch.ts';
import { buildPlan } from '../plan/build.ts';
import type { Plan } from '../plan/types.ts';
import { type ExitStatus, exitStatus } from '../supervise/exit.ts';
import { type OpenStdio, openStdio, type StdioRequest } from '../supervise/stdio.ts';
import { etcFiles } from './etc-files.ts';
import { startFacts } from './facts.ts';
import { layerPaths } from './layer.ts';
import { hardNofile, thermalPaths } from './limits.ts';
import type { StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { seccompFilter } from './seccomp.ts';
import { resolveSources, resolveVolumes } from './sources.ts';

export interface StartRequest {
  readonly stdio: StdioRequest;
  readonly signal?: AbortSignal | undefined;
  /** Remove the container and its anonymous volumes once it has ended. */
  readonly rm: boolean;
}

/** A container whose application runs. */
export interface Started extends Launched {
  readonly plan: Plan;
  readonly stdio: OpenStdio;
  /** Resolves when the end is recorded; with `rm`, when all is removed. */
  readonly exited: Promise<ExitStatus>;
}

/**
 * Starts the application of a container: resolves what it needs now, builds the plan, launches it, records it.
 *
 * @throws RequestError when something that the container needs has gone or changed, or it runs already
 * @throws LaunchError when the kernel refused
 */
export async function startContainer(
  runtime: Runtime,
  container: StoredContainer,
  request: StartRequest,
): Promise<Started> {
  const { containers, native } = runtime;
  const claimed = await containers.claim(container);
  const stdio = openStdio(native, request.stdio);
  try {
    const plan = await planStart(runtime, claimed);
    const launched = await launch(native, { plan, descriptors: stdio.descriptors, signal: request.signal });
    const running = await containers.started(claimed, launched.process.pid);
    const exited = native.wait(launched.process).then(async (exit) => {
      const status = exitStatus(exit);
      await end(runtime, running, status, request.rm);
      return status;
    });
    // Whoever does not look at the end must not be ended by it.
    exited.catch(() => {});
    return { ...launched, plan, stdio, exited };
  } catch (error) {
    stdio.abandon();
    await giveUp(runtime, claimed, request.rm);
    throw error;
  } finally {
    stdio.closeChildEnds();
  }
}

/** The plan of a container's start as things stand now. */
async function planStart(runtime: Runtime, { record, durability }: StoredContainer): Promise<Plan> {
  const { store, images } = runtime;
  const [image, sources, volumes, files, seccomp, maskedPaths] = await Promise.all([
    images.resolve(record.image.id),
    resolveSources(store, record.request.mounts),
    resolveVolumes(
      store,
      record.volumes.map((use) => use.name),
    ),
    etcFiles(record.hostname, record.request.network),
    seccompFilter(record.request),
    thermalPaths(),
  ]);
  return buildPlan(
    startFacts(record, image, {
      paths: layerPaths(store, record.layer),
      sources,
      volumes,
      files,
      seccomp,
      maskedPaths,
      hardNofile: hardNofile(),
      // Nobody reads the layer of an ephemeral container after a power cut: its unmount need not sync the host's disk.
      volatile: durability === 'ephemeral',
    }),
  );
}

async function end(runtime: Runtime, container: StoredContainer, status: ExitStatus, rm: boolean): Promise<void> {
  await runtime.containers.exited(container, status);
  if (rm) await runtime.containers.remove(container.record.id, { volumes: true });
}

async function giveUp(runtime: Runtime, container: StoredContainer, rm: boolean): Promise<void> {
  if (rm) await runtime.containers.remove(container.record.id, { force: true, volumes: true });
  else await runtime.containers.refused(container);
}
