import { kernelRelease } from './kernel.ts';
import { online } from './online.ts';
import { hasSeLinux } from './selinux.ts';

/** What the parsers of a request ask this machine. */
export const machine = { kernel: kernelRelease, online, seLinux: () => hasSeLinux() };
