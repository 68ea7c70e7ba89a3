import type { StoredContainer } from '../record/schema.ts';
import { withForeignDirectory } from '../store/foreign-directory.ts';
import { errorCode } from '../store/system-error.ts';
import type { Runtime } from './runtime.ts';

/** Bytes of the read-write layer of a container; 0 if it was removed meanwhile. */
export async function layerSize({ store, native }: Runtime, { record }: StoredContainer): Promise<number> {
  try {
    const upper = store.diffPath(record.layer);
    return await withForeignDirectory(native, upper, async (directory) => (await native.treeSize(directory)).bytes);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** Sizes of containers in their order, bytes. Each image is looked up once; one that is damaged has none. */
export async function sizesOf(
  runtime: Runtime,
  containers: readonly StoredContainer[],
): Promise<{ readonly layer: number; readonly image: number }[]> {
  const images = new Map<string, Promise<number>>();
  const imageSize = (id: string) => {
    const size =
      images.get(id) ??
      runtime.images.inspect(id).then(
        (details) => details.size,
        () => 0,
      );
    images.set(id, size);
    return size;
  };
  const sizes = [];
  for (const container of containers) {
    const layer = await layerSize(runtime, container);
    sizes.push({ layer, image: await imageSize(container.record.image.id) });
  }
  return sizes;
}
