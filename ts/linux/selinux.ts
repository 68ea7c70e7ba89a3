import { readIfAny } from './read-if-any.ts';

/** True if SELinux is on: its file system is known from boot on, with or without a policy. */
export function hasSeLinux(filesystems: string = readIfAny('/proc/filesystems')): boolean {
  return /^nodev\tselinuxfs$/m.test(filesystems);
}
