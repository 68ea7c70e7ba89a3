import { constants, fstatSync } from 'node:fs';
import type { Native } from '../native/contract.ts';
import { parents } from '../plan/layout.ts';
import type { RunRequest } from '../request/types.ts';
import { errorCode } from '../store/system-error.ts';

/**
 * Modes of the image's directories at the targets of tmpfs mounts, by target: as in Docker, a tmpfs without a mode takes
 * over that of the directory, so that `/root` stays closed to other users.
 *
 * @param open opens the image's root filesystem, for mounts without a mode only
 */
export async function tmpfsModes(
  native: Native,
  { tmpfs, mounts }: Pick<RunRequest, 'tmpfs' | 'mounts'>,
  open: () => Promise<number>,
): Promise<ReadonlyMap<string, number>> {
  // Below another mount, the directory is not the image's.
  const others = new Set(['/dev', ...[...tmpfs, ...mounts].map(({ target }) => target)]);
  const modes = new Map<string, number>();
  for (const { target, mode } of tmpfs) {
    if (mode !== null || parents(target).some((parent) => others.has(parent))) continue;
    const found = await modeOf(native, await open(), target);
    if (found !== null) modes.set(target, found);
  }
  return modes;
}

async function modeOf(native: Native, view: number, target: string): Promise<number | null> {
  try {
    const directory = await native.openInRoot(view, target, constants.O_RDONLY | constants.O_DIRECTORY);
    const { mode } = fstatSync(directory);
    native.closeSync(directory);
    return mode & 0o7777;
  } catch (error) {
    // The start makes the target, or says what is wrong with it.
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}
