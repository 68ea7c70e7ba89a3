import { readFileSync } from 'node:fs';

/**
 * Processors or memory nodes that are online, in the kernel's list format: `0-3,5`. Null where /sys does not say.
 * Documentation/ABI/testing/sysfs-devices-system-cpu
 */
export function online(what: 'cpu' | 'node'): string | null {
  try {
    return readFileSync(`/sys/devices/system/${what}/online`, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
