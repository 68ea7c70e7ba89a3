import type { Phase } from './types.ts';

/** Who does it, for people. */
export const phaseTitles: Readonly<Record<Phase, string>> = {
  program: 'the command begins',
  create: 'the container is made',
  call: 'the start is prepared',
  launch: 'the kernel makes the process',
  prepare: 'prepare: mounts are made, seen by nobody yet',
  enter: 'enter: the container init process becomes the application',
  after: 'afterwards, while the application runs',
};

/** `1.234`, the milliseconds of a number of microseconds. */
export function milliseconds(us: number): string {
  return (us / 1000).toFixed(3);
}

/** `12 %`. */
export function share(part: number, whole: number): string {
  return `${whole > 0 ? Math.round((part / whole) * 100) : 0} %`;
}
