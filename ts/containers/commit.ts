import type { OnProgress } from '../images/progress.ts';
import type { ImageConfig, ImageId } from '../images/types.ts';
import { layerMarks, layerPaths } from '../record/layer.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import type { MountSpec } from '../request/types.ts';
import { refuseInMemory } from './layer-reads.ts';
import { pauseContainer } from './pause/pause.ts';
import type { Runtime } from './runtime.ts';

export interface CommitRequest {
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  /** Pause a running container during the commit; default true. */
  readonly pause?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Commits a container's read-write layer, as the host sees it, to an image: the content of volumes is not in it. */
export async function commitContainer(
  runtime: Runtime,
  container: StoredContainer,
  reference: string | null,
  request: CommitRequest,
): Promise<ImageId> {
  const { record, state } = container;
  refuseInMemory(record);
  // The container's record protects the image. A lock on the images here would block the new one.
  const { value: base } = await runtime.images.resolve(record.image.id);
  const running = state.status === 'running';
  await using _pause = running && request.pause !== false ? await pauseContainer(runtime.store, container) : null;
  return await runtime.images.commit({
    upper: layerPaths(runtime.store, record.layer).upper,
    marks: layerMarks(record.request, runtime.native.rights),
    base,
    reference: reference ?? undefined,
    config: configOf(record, base.config),
    changes: request.changes,
    author: request.author,
    message: request.message,
    createdBy: record.process.argv.join(' '),
    onProgress: request.onProgress,
    signal: request.signal,
  });
}

/** True for `-v /x`, which becomes a VOLUME of the image, as in Docker and Podman. */
function isAnonymous(mount: MountSpec): boolean {
  return mount.type === 'volume' && mount.name === null;
}

/** Builds the configuration of the new image: the container's settings over those of its image. Pure. */
export function configOf({ request }: ContainerRecord, base: ImageConfig): Partial<ImageConfig> {
  const env = new Map(base.env.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  for (const { name, value } of request.env) {
    if (value === null) env.delete(name);
    else env.set(name, `${name}=${value}`);
  }
  const ownCommand = request.argv.length > 0 || request.entrypoint !== null;
  return {
    env: [...env.values()],
    entrypoint: request.entrypoint ?? base.entrypoint,
    cmd: ownCommand ? request.argv : base.cmd,
    workingDir: request.workdir ?? base.workingDir,
    user: request.user ?? base.user,
    volumes: [...new Set([...base.volumes, ...request.mounts.filter(isAnonymous).map(({ target }) => target)])].sort(),
    labels: { ...base.labels, ...request.labels },
  };
}
