import { release } from 'node:os';

/** Major and minor number of a release of the kernel. */
export type KernelVersion = readonly [major: number, minor: number];

/** Release of the running kernel, uname(2): `6.12.1-amd64`. In the command line, the call loads `node:os`. */
export function kernelRelease(): string {
  return release();
}

/** True if a release has that version or a later one. */
export function isAtLeast(kernel: string, [major, minor]: KernelVersion): boolean {
  const [first = 0, second = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}
