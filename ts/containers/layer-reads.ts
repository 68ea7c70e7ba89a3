import { readFile } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { pack } from '../images/archive/index.ts';
import { readingOwners } from '../images/layers/owners.ts';
import type { ResolvedImage } from '../images/types.ts';
import { isAlive, type ProcessIdentity } from '../linux/proc.ts';
import type { Native, NativeChange } from '../native/contract.ts';
import { applicationOf } from '../record/files.ts';
import { hasOwnUsers, layerMarks, layerPaths } from '../record/layer.ts';
import type { ContainerRecord, StoredContainer } from '../record/schema.ts';
import { ImageView } from '../resolve/image-view.ts';
import { withForeignDirectory } from '../store/foreign-directory.ts';
import { errorCode } from '../store/system-error.ts';
import type { Runtime } from './runtime.ts';

/** Lists the changes of a container's read-write layer against its image, by path. Volumes are not in it. */
export async function diffContainer(runtime: Runtime, { record }: StoredContainer): Promise<readonly NativeChange[]> {
  refuseInMemory(record);
  const { value: image } = await runtime.images.resolve(record.image.id);
  await using view = new ImageView(runtime.native, image.layers);
  const marks = layerMarks(record.request, runtime.native.rights);
  const { upper } = layerPaths(runtime.store, record.layer);
  const changes = await withForeignDirectory(runtime.native, upper, async (directory) =>
    runtime.native.diff(directory, await view.open(), marks),
  );
  return withoutParts(changes, image);
}

/** Writes the root filesystem of a container as a tar archive: image and read-write layer, without volumes. */
export async function exportContainer(
  { native, images, store }: Pick<Runtime, 'native' | 'images' | 'store'>,
  { record, state }: StoredContainer,
  descriptor: number,
): Promise<void> {
  const { value: image } = await images.resolve(record.image.id);
  refuseParts(image);
  const write = async (directory: number, userNamespace = native.rights.userNamespace) => {
    await readingOwners(image.layers.toReversed(), (owners) =>
      pack({ directory, output: descriptor, layer: false, compression: 'none', owners }, { userNamespace }),
    );
  };
  const application = applicationOf(state);
  // The read-write layer of a running container is in use: a second union of it would be undefined behaviour.
  const root = application === null ? null : await openRunning(native, application);
  if (application !== null && root !== null) {
    try {
      if (!hasOwnUsers(record.request)) return await write(root);
      const userNamespace = await openMaps(native, application);
      if (userNamespace !== null) return await write(root, userNamespace).finally(() => native.close(userNamespace));
    } finally {
      await native.close(root);
    }
  }
  const { upper } = layerPaths(store, record.layer);
  await using view = new ImageView(native, [upper, ...image.layers], layerMarks(record.request, native.rights));
  await write(await view.open());
}

/** @throws RequestError ORLOP_E_LIMIT if what the container wrote cannot be read from outside */
export function refuseInMemory({ name, layerInMemory }: ContainerRecord): void {
  if (!layerInMemory) return;
  const message = `the changes of container '${name}' are in memory, where only the container sees them`;
  throw new RequestError('ORLOP_E_LIMIT', message, {
    hint: 'without a limit of disk, or with a store on a file system with project quotas, they are on the disk',
  });
}

/** The directory of a part is in the read-write layer of each container, changed or not. Pure. */
function withoutParts(changes: readonly NativeChange[], { parts }: Pick<ResolvedImage, 'parts'>) {
  const targets = new Set([...(parts?.targets ?? []), ...(parts?.holders ?? [])].map(({ target }) => target));
  const isChangedBelow = (inner: string, path: string) => inner.startsWith(`${path}/`) && !targets.has(inner);
  const isBare = (path: string) => targets.has(path) && !changes.some((other) => isChangedBelow(other.path, path));
  return targets.size === 0 ? changes : changes.filter(({ path }) => !isBare(path));
}

/** @throws RequestError ORLOP_E_PERMISSION if no single union has the whole root file system */
function refuseParts({ parts }: Pick<ResolvedImage, 'parts'>): void {
  if (parts === undefined) return;
  throw new RequestError('ORLOP_E_PERMISSION', "a container of the image 'host' can be exported by root only", {
    hint: 'run it with sudo, or copy what you need into a volume',
  });
}

/**
 * A user namespace with the maps of a container, whose files have their owners there. Not the container's own, in which
 * its root has power over other processes. Null if its application has exited meanwhile.
 */
async function openMaps(native: Native, application: ProcessIdentity): Promise<number | null> {
  const read = (name: string) => readFile(`/proc/${application.pid}/${name}`, 'utf8').catch(() => '');
  const [users, groups] = await Promise.all([read('uid_map'), read('gid_map')]);
  // Looked at afterwards: the PID was its own when the maps were read.
  return (await isAlive(application)) ? native.makeUserNamespace(users, groups) : null;
}

/** Root filesystem of a running container; null if its application has exited meanwhile. */
async function openRunning(native: Native, { pid, startTime }: ProcessIdentity): Promise<number | null> {
  return native.openRootOf(pid, startTime).catch((error: unknown) => {
    if (errorCode(error) === 'ESRCH') return null;
    throw error;
  });
}
