import { mkdir, open, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/store.ts';
import { errorCode } from '../../store/system-error.ts';

/** Name of the layer. A change of its content needs a new name, because containers may use the old one. */
const layerId = 'mount-points';

const directories = ['proc', 'sys', 'dev', 'etc'] as const;
const files = ['etc/hosts', 'etc/hostname', 'etc/resolv.conf'] as const;

/**
 * Makes the layer below every image that holds the empty mount points of the default mounts. Without it, the container
 * init process would have to create missing mount points in the read-write layer, where `diff` and `commit` would find
 * them.
 *
 * It lies below the image, so that the image's own files, symlinks and attributes win.
 *
 * @returns its absolute directory
 */
export async function ensureMountPointLayer(store: Store): Promise<string> {
  const diff = store.diffPath(layerId);
  if (await layerExists(diff)) return diff;
  await using staging = await store.stage();
  await build(join(staging.path, 'diff'));
  await staging.commit(store.layerPath(layerId), { durable: true });
  return diff;
}

async function build(root: string): Promise<void> {
  await makeDirectory(root);
  for (const name of directories) await makeDirectory(join(root, name));
  for (const name of files) {
    const file = await open(join(root, name), 'wx', 0o644);
    await file.chmod(0o644);
    await file.close();
  }
  // Old programs read the mount table here.
  await symlink('../proc/self/mounts', join(root, 'etc/mtab'));
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path);
  // chmod, because mkdir is subject to the umask.
  const directory = await open(path, 'r');
  await directory.chmod(0o755);
  await directory.close();
}

/** True if there is a layer's directory. */
export async function layerExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
