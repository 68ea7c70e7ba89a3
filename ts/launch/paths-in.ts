import type { NativeCommand } from '../native/contract.ts';

const ofEveryStart = ['/proc', '/dev', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/**
 * What a start looks up in its root filesystem. The first look at a name asks each layer of the image for it, so those are
 * taken before the next start like it. Pure.
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
