import type { NativeCommand } from '../native/contract.ts';

const ofEveryStart = ['/proc', '/dev', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/**
 * Paths that a start looks up in its root filesystem. The first look-up of a name searches each layer of the image, so
 * prefetching looks these paths up for the next start. Pure.
 */
export function pathsIn(
  {
    mounts,
    process,
  }: { readonly mounts: readonly { readonly target: string }[]; readonly process: { readonly cwd: string } },
  { candidates }: NativeCommand,
): string[] {
  return [...ofEveryStart, ...mounts.map(({ target }) => target), process.cwd, ...candidates];
}
