import type { Runtime } from '../containers/runtime.ts';
import type * as images from '../images/types.ts';
import { damagedAt } from './damaged.ts';
import { openDescriptor, withSource } from './descriptor.ts';
import type * as t from './types.ts';

/** The images of a store, for the library's caller. */
export class ImageApi implements t.Images {
  readonly #open: () => Runtime;

  /** @param open throws once the runtime is closed */
  constructor(open: () => Runtime) {
    this.#open = open;
  }

  get #runtime(): Runtime {
    return this.#open();
  }

  async list({ filter = () => true }: t.ListOptions<t.ImageSummary> = {}): Promise<t.Listing<t.ImageSummary>> {
    const { images: found, damaged } = await this.#runtime.images.list();
    return {
      items: found.map(summary).filter(filter),
      damaged: damaged.map(({ path, error }) => damagedAt(path, error)),
    };
  }

  async inspect(nameOrId: string): Promise<t.ImageInspect> {
    const details = await this.#runtime.images.inspect(nameOrId);
    return {
      Id: details.id,
      RepoTags: details.references,
      Created: details.created ?? '',
      Author: details.author,
      Comment: details.comment,
      Architecture: details.architecture,
      Os: details.os,
      Size: details.size,
      DiskUsage: details.diskUsage,
      Config: configOf(details.config),
      RootFS: { Type: 'layers', Layers: details.diffIds },
      History: details.history,
    };
  }

  async import(source: string | number, options: t.ImportOptions): Promise<{ readonly id: string }> {
    const { reference, ...others } = options;
    const id = await withSource(source, (descriptor) =>
      this.#runtime.images.import({ source: descriptor, reference: reference ?? undefined, ...others }),
    );
    return { id };
  }

  async remove(
    nameOrId: string,
    { force, signal }: NonNullable<Parameters<t.Images['remove']>[1]> = {},
  ): Promise<images.RemovedImage> {
    const usedBy = async (id: string) => {
      const users = (await this.#runtime.containers.uses()).images.get(id) ?? [];
      return users.map((user) => user.name);
    };
    await this.#runtime.roots.forget();
    return this.#runtime.images.remove(nameOrId, { force, usedBy, signal });
  }

  async tag(nameOrId: string, reference: string, options?: images.Abortable): Promise<void> {
    return this.#runtime.images.tag(nameOrId, reference, options);
  }

  async save(
    references: readonly string[],
    { descriptor, ...options }: Parameters<t.Images['save']>[1],
  ): Promise<void> {
    return this.#runtime.images.save({ ...options, images: references, output: openDescriptor(descriptor) });
  }

  async load(
    source: string | number,
    options: Parameters<t.Images['load']>[1] = {},
  ): Promise<readonly images.LoadedImage[]> {
    return withSource(source, (descriptor) => this.#runtime.images.load({ ...options, source: descriptor }));
  }
}

function summary(image: images.ImageSummary): t.ImageSummary {
  return { ...image, created: image.created === null ? null : new Date(image.created) };
}

/** `Config` in Docker's format. */
function configOf(config: images.ImageConfig): Readonly<Record<string, unknown>> {
  return {
    User: config.user,
    Env: config.env,
    Entrypoint: config.entrypoint.length === 0 ? null : config.entrypoint,
    Cmd: config.cmd.length === 0 ? null : config.cmd,
    WorkingDir: config.workingDir,
    Volumes: config.volumes.length === 0 ? null : Object.fromEntries(config.volumes.map((path) => [path, {}])),
    ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [port, {}])),
    Labels: config.labels,
    StopSignal: config.stopSignal,
  };
}
