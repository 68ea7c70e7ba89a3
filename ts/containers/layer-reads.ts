import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pack } from '../images/archive/index.ts';
import type { NativeChange } from '../native/contract.ts';
import { layerPaths } from '../record/layer.ts';
import type { StoredContainer } from '../record/schema.ts';
import { ImageView } from '../resolve/image-view.ts';
import type { Runtime } from './runtime.ts';

/** Lists the changes of a container's read-write layer against its image, by path. Volumes are not in it. */
export async function diffContainer(runtime: Runtime, { record }: StoredContainer): Promise<readonly NativeChange[]> {
  const { value: image } = await runtime.images.resolve(record.image.id);
  await using view = new ImageView(runtime.native, image.layers);
  const upper = await openDirectory(layerPaths(runtime.store, record.layer).upper);
  try {
    return await runtime.native.diff(upper.fd, await view.open());
  } finally {
    await upper.close();
  }
}

/** Writes the root filesystem of a container as a tar archive: image and read-write layer, without volumes. */
export async function exportContainer(
  runtime: Runtime,
  { record }: StoredContainer,
  descriptor: number,
): Promise<void> {
  const { value: image } = await runtime.images.resolve(record.image.id);
  const { upper } = layerPaths(runtime.store, record.layer);
  await using view = new ImageView(runtime.native, [upper, ...image.layers]);
  await pack({ directory: await view.open(), output: descriptor, layer: false, compression: 'none' });
}

function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
