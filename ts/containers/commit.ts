import type { ImageConfig, ImageId } from '../images/types.ts';
import { layerPaths } from '../record/layer.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import { pauseContainer } from './pause/pause.ts';
import type { Runtime } from './runtime.ts';

export interface CommitRequest {
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  /** Hold a running container still meanwhile; default true. */
  readonly pause?: boolean | undefined;
}

/** Makes an image of a container's read-write layer, as the host sees it: without what is in volumes. */
export async function commitContainer(
  runtime: Runtime,
  container: StoredContainer,
  reference: string | null,
  request: CommitRequest,
): Promise<ImageId> {
  const { record, state } = container;
  // The container's record keeps the image; a hold of ours would keep the new one out.
  const { value: base } = await runtime.images.resolve(record.image.id);
  const running = state.status === 'running';
  await using _pause = running && request.pause !== false ? await pauseContainer(runtime.store, container) : null;
  return await runtime.images.commit({
    upper: layerPaths(runtime.store, record.layer).upper,
    base,
    reference: reference ?? undefined,
    config: configOf(record, base.config),
    changes: request.changes,
    author: request.author,
    message: request.message,
    createdBy: record.process.argv.join(' '),
  });
}

/** What the container was started with, over what its image says: the configuration of the new image. Pure. */
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
    // An anonymous `-v` belongs to its container: it is no VOLUME of the image, as in Podman.
    volumes: base.volumes,
    labels: { ...base.labels, ...request.labels },
  };
}
