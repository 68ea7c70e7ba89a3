import type { Phase } from './types.ts';

/** Titles of the phases. */
export const phaseTitles: Readonly<Record<Phase, string>> = {
  program: 'the command begins',
  create: 'the container is made',
  call: 'the start is prepared',
  launch: 'the kernel makes the process',
  prepare: "prepare: the container's mounts are made, still detached",
  enter: 'enter: the container init process becomes the application',
  after: 'afterwards, while the application runs',
};

/** Milliseconds of a number of microseconds: `1.234`. */
export function milliseconds(us: number): string {
  return (us / 1000).toFixed(3);
}

/** A share in per cent: `12 %`. */
export function share(part: number, total: number): string {
  return `${total > 0 ? Math.round((part / total) * 100) : 0} %`;
}
