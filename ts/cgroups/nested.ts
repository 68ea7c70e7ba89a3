import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Above this many bytes a path is continued from a descriptor: the kernel takes 4096, and a container may nest deeper. */
const longPath = 2000;

/**
 * Removes the cgroups below one, deepest first. A container that has mounted cgroups itself may have made some, as
 * systemd does: they stay when it ends, and the kernel keeps a cgroup that has others. Those with processes stay.
 */
export async function removeNested(directory: string): Promise<void> {
  // Asynchronous, because there may be very many; a start does not need it.
  const { readdir, rmdir } = await import('node:fs/promises');
  const descriptors: number[] = [];
  const found = [directory];
  try {
    for (const above of found) {
      const base = shortened(above, descriptors);
      const entries = await readdir(base, { withFileTypes: true });
      for (const entry of entries) if (entry.isDirectory()) found.push(join(base, entry.name));
    }
  } catch {
    // Gone meanwhile, or too many descriptors: what was found is removed.
  }
  for (const path of found.slice(1).reverse()) await rmdir(path).catch(() => {});
  for (const descriptor of descriptors) closeSync(descriptor);
}

/** The same directory by a path that has room for names. */
function shortened(path: string, descriptors: number[]): string {
  if (Buffer.byteLength(path) < longPath) return path;
  const descriptor = openSync(path, 'r');
  descriptors.push(descriptor);
  return `/proc/self/fd/${descriptor}`;
}
